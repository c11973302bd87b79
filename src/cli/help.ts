/** The help texts. They need no engine, so help is printed even where it does not load. */
import { FILTERS } from './filters.js'
import { listing } from './table.js'

const mainHelp = `simdconv: convolutions for Node.js on a SIMD kernel

Usage: simdconv COMMAND [options]

Commands:
  filter PHOTO --filter NAME -o OUT.png   filter a photo
  sheet PHOTO -o SHEET.png                draw a photo with all its feature maps, and time them
  find SCENE TEMPLATE -o HEAT.png         tell whether and where a scene holds a template
  info [--json]                           print the instruction sets and threads of this machine

Options:
  -h, --help                              print this help, or after a command the help of that command
  -v, --version                           print the version
`

const filterHelp = `Usage: simdconv filter PHOTO --filter NAME -o OUT.png [--border MODE]

Filters a photo and writes the result, which has the size of the photo.

Options:
  -f, --filter NAME   one of the filters below, or a FILE.json
  -o, --output FILE   where to write: .png, .jpg, .webp or .tiff; replaced only when all went well
  -b, --border MODE   what lies beyond the edge of the photo: edge (default), reflect, symmetric, wrap,
                      constant (black) or renormalize (nothing: what is inside counts for more)
  -h, --help          print this help

Filters:
${listing(FILTERS.map(({ name, summary }) => [name, summary]))}

A filter of your own is a JSON file:
  { "kernel": [[0, 1, 0], [1, -4, 1], [0, 1, 0]], "divisor": 1, "offset": 128, "name": "laplacian" }
Each weight is divided by "divisor" (1 when left out); "offset" (0) is added to each result.

Values run from 0 (black) to 255 (white) and are clipped to that range when they are written. Channels
are filtered each on its own, in one depthwise convolution that does not flip the kernel. Transparency is
carried over unfiltered (JPEG has none). Photos with 16 bits a channel stay so in PNG and TIFF.
`

const sheetHelp = `Usage: simdconv sheet PHOTO -o SHEET.png [--border MODE]

Draws a contact sheet of a photo and its feature maps, one for each filter of "simdconv filter", and prints
for each of them how the engine computed it: algorithm, kernel, instruction set, milliseconds (the median of
several runs), megapixels of the photo a second and GFLOP a second. Those are the operations of the formula, a
multiplication and an addition being two; "separable" does with fewer, and may pass the peak of the CPU.

Maps without a sign look as "simdconv filter" writes them. Maps with a sign are averaged over the channels
and drawn blue below zero and orange above it, each on a scale of its own, which the label tells.

Options:
  -o, --output FILE   where to write: .png, .jpg, .webp or .tiff; replaced only when all went well
  -b, --border MODE   what lies beyond the edge of the photo, edge when left out; see "simdconv filter --help"
  -h, --help          print this help
`

const findHelp = `Usage: simdconv find SCENE TEMPLATE [TEMPLATE ...] -o HEAT.png [options]

Looks for small pictures in a large one, tells whether each is there and where, and draws the scene with its
scores: the warmer, the more the window around that pixel looks like a template. Boxes are what was found.

A score is the correlation of a window's pixels with the template's, without brightness and contrast: 1 is the
same picture, 0 has nothing in common. A template is here if its best score, anywhere, reaches the threshold.
When left out, that is 6 times the spread of its scores over the scene, which are scores by chance but for the
places that are looked for, and 0.5 at least. So a template rich in detail passes with less than a plain one.

Options:
  -o, --output FILE      where to draw: .png, .jpg, .webp or .tiff; replaced only when all went well
  -n, --count N          at most so many places for each template, 5 when left out
  -t, --threshold T      the least score, from -1 to 1
  -s, --scales LIST      sizes to look for, 1 being the template's own: 0.5,1,2 or from:to:step. When
                         left out, seven from 0.71 to 1.41, each 12 % larger than the one before
  -r, --rotations LIST   angles to look for, in degrees clockwise: 0,90 or from:to:step. When left out, 0;
                         a list that begins with a minus is --rotations=-20:20:10
  -h, --help             print this help

Each size and angle is a convolution of its own: the pixels of the scene times those of the template. Where
one of the pictures is grey, all are compared in grey. Transparency is not looked at.

Exit codes: 0 some template is here, 3 none is; 1 and 2 are failures, as for all commands.
`

const infoHelp = `Usage: simdconv info [--json]

Prints what the engine found on this machine, and what it uses.

Options:
      --json   print it as JSON
  -h, --help   print this help
`

/** Help by command, and that of the program itself. */
export const HELP = {
  main: mainHelp,
  filter: filterHelp,
  sheet: sheetHelp,
  find: findHelp,
  info: infoHelp,
} as const
