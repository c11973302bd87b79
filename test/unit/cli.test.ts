/** The command line as a user meets it: a process of its own, real files, exit codes. */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import sharp from 'sharp'

const root = resolve(__dirname, '../..')
const main = join(root, 'dist/cli/main.js')
const chelsea = join(root, 'examples/photos/chelsea.png')
const camera = join(root, 'examples/photos/camera.png')

/** An image as integers, [height][width][channels]. */
interface Image {
  readonly data: ArrayLike<number>
  readonly height: number
  readonly width: number
  readonly channels: number
}

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

let folder: string

function simdconv(words: readonly string[], program = main, environment: NodeJS.ProcessEnv = {}): Result {
  const env = { ...process.env, ...environment }
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr }
}

/** Runs a filter that must succeed, and reads what it wrote. */
async function filtered(photo: string, name: string, ...more: string[]): Promise<Image> {
  const { code, stderr } = simdconv(['filter', photo, '--filter', name, '-o', 'out.png', ...more])
  expect(stderr).to.equal('')
  expect(code).to.equal(0)
  return readImage(join(folder, 'out.png'))
}

/** One sentence on stderr, nothing else, and the exit code. */
function expectFailure(words: readonly string[], code: number, sentence: string): void {
  expect(simdconv(words)).to.deep.equal({ code, stdout: '', stderr: `simdconv: ${sentence}\n` })
}

/** The pixels of a file in its own colours and depth. */
async function readImage(path: string): Promise<Image> {
  const { space, depth, hasAlpha } = await sharp(path).metadata()
  const wide = depth === 'ushort'
  const { data, info } = await sharp(path)
    .toColourspace(wide ? 'rgb16' : 'srgb')
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const samples = wide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data
  const kept = space === 'b-w' || space === 'grey16' ? [0] : [0, 1, 2]
  if (hasAlpha) kept.push(info.channels - 1)
  const pixels = Array.from({ length: info.width * info.height }, (_, pixel) => pixel)
  return {
    data: pixels.flatMap((pixel) => kept.map((channel) => samples[pixel * info.channels + channel]!)),
    height: info.height,
    width: info.width,
    channels: kept.length,
  }
}

/** Writes an image whose samples are a function of their index. */
async function writeImage(
  name: string,
  channels: 1 | 2 | 3 | 4,
  depth: 8 | 16,
  sample: (index: number) => number,
): Promise<Image & { path: string }> {
  const [height, width] = [5, 7]
  const indices = Array.from({ length: height * width * channels }, (_, index) => index)
  const data = depth === 16 ? Uint16Array.from(indices, sample) : Uint8Array.from(indices, sample)
  const [grey, colour] = depth === 16 ? ['grey16', 'rgb16'] : ['b-w', 'srgb']
  const path = join(folder, name)
  await sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels < 3 ? grey : colour)
    .png()
    .toFile(path)
  return { data, height, width, channels, path }
}

/** Sum of kernel[a][b] times the neighbour at (a, b), where coordinates beyond the edge stay at the edge. */
function correlateAt(
  image: Image,
  kernel: readonly (readonly number[])[],
  y: number,
  x: number,
  channel: number,
): number {
  const top = y - (kernel.length - 1) / 2
  const left = x - (kernel[0]!.length - 1) / 2
  let sum = 0
  for (const [a, row] of kernel.entries()) {
    for (const [b, weight] of row.entries()) {
      const sourceY = Math.min(Math.max(top + a, 0), image.height - 1)
      const sourceX = Math.min(Math.max(left + b, 0), image.width - 1)
      sum += weight * image.data[(sourceY * image.width + sourceX) * image.channels + channel]!
    }
  }
  return sum
}

/** Compares corners, edges and the inside of a result with an expected value, which is clipped and rounded. */
function expectPixels(
  result: Image,
  photo: Image,
  expected: (y: number, x: number, channel: number) => number,
  slack = 0,
): void {
  expect([result.height, result.width, result.channels]).to.deep.equal([
    photo.height,
    photo.width,
    photo.channels,
  ])
  const rows = [0, 1, 17, 101, photo.height - 1].filter((y) => y < photo.height)
  const columns = [0, 2, 33, 150, 151, photo.width - 1].filter((x) => x < photo.width)
  for (const y of rows) {
    for (const x of columns) {
      for (let channel = 0; channel < photo.channels; channel++) {
        const value = Math.min(Math.max(expected(y, x, channel), 0), 255)
        const got = result.data[(y * photo.width + x) * photo.channels + channel]!
        expect(got, `row ${y}, column ${x}, channel ${channel}`).to.be.closeTo(value, 0.5 + 1e-3 + slack)
      }
    }
  }
}

const sobelX = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]] // prettier-ignore
const sobelY = [[-1, -2, -1], [0, 0, 0], [1, 2, 1]] // prettier-ignore
const laplacian = [[0, 1, 0], [1, -4, 1], [0, 1, 0]] // prettier-ignore
const gaussian = [1, 4, 6, 4, 1].map((y) => [1, 4, 6, 4, 1].map((x) => (x * y) / 256))

describe('command line', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'simdconv-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  describe('filters', () => {
    const filters: Readonly<Record<string, (photo: Image, y: number, x: number, channel: number) => number>> =
      {
        gaussian: (...at) => correlateAt(at[0], gaussian, at[1], at[2], at[3]),
        sharpen: (photo, y, x, channel) =>
          photo.data[(y * photo.width + x) * photo.channels + channel]! -
          correlateAt(photo, laplacian, y, x, channel),
        emboss: (...at) => 128 + correlateAt(at[0], [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]], at[1], at[2], at[3]), // prettier-ignore
        sobel: (photo, y, x, channel) =>
          Math.hypot(correlateAt(photo, sobelX, y, x, channel), correlateAt(photo, sobelY, y, x, channel)),
        'sobel-x': (photo, ...at) => 128 + correlateAt(photo, sobelX, ...at),
        'sobel-y': (photo, ...at) => 128 + correlateAt(photo, sobelY, ...at),
        laplacian: (photo, ...at) => 128 + correlateAt(photo, laplacian, ...at),
      }
    for (const [name, expected] of Object.entries(filters)) {
      for (const path of [chelsea, camera]) {
        it(`${name} of ${path.slice(root.length + 1)}`, async () => {
          const photo = await readImage(path)
          expectPixels(await filtered(path, name), photo, (...at) => expected(photo, ...at))
        })
      }
    }

    for (const name of ['dog', 'gabor-0', 'gabor-60', 'gabor-120']) {
      it(`${name} of a flat image is middle grey, of a photo it is not`, async () => {
        const flat = await writeImage('flat.png', 3, 8, () => 200)
        expect(Array.from((await filtered(flat.path, name)).data)).to.deep.equal(Array(5 * 7 * 3).fill(128))
        const { data } = await filtered(camera, name)
        expect(Math.max(...Array.from(data).slice(0, 65536))).to.be.above(140)
      })
    }

    it('gabor-0 answers to an upright edge, dark on the left, with more than middle grey', async () => {
      const step = await writeImage('step.png', 1, 8, (index) => (index % 7 < 3 ? 0 : 255))
      const { data } = await filtered(step.path, 'gabor-0')
      expect(data[2 * 7 + 3]).to.be.above(200)
    })

    it('--border reaches the convolution', async () => {
      const white = await writeImage('white.png', 1, 8, () => 255)
      const corner = async (mode: string) =>
        (await filtered(white.path, 'gaussian', '--border', mode)).data[0]
      expect(await corner('edge')).to.equal(255)
      expect(await corner('constant')).to.equal(Math.round(255 * (11 / 16) ** 2))
      expect(await corner('renormalize')).to.equal(255)
    })
  })

  describe('inputs', () => {
    const identity = '{"kernel": [[1]]}'
    for (const channels of [1, 2, 3, 4] as const) {
      for (const depth of [8, 16] as const) {
        it(`${channels} channels of ${depth} bits come back as they were`, async () => {
          const image = await writeImage('in.png', channels, depth, (index) => (index * 1777) % 2 ** depth)
          writeFileSync(join(folder, 'identity.json'), identity)
          const result = await filtered(image.path, 'identity.json')
          expect(result.channels).to.equal(channels)
          expect(Array.from(result.data)).to.deep.equal(Array.from(image.data))
        })
      }
    }

    it('alpha is not filtered, colours are', async () => {
      const image = await writeImage('alpha.png', 4, 8, (index) => (index * 37) % 256)
      const result = await filtered(image.path, 'sobel')
      const expected = (y: number, x: number, channel: number) =>
        channel === 3
          ? image.data[(y * 7 + x) * 4 + 3]!
          : Math.hypot(correlateAt(image, sobelX, y, x, channel), correlateAt(image, sobelY, y, x, channel))
      expectPixels(result, image, expected)
    })

    it('the orientation of a camera is applied', async () => {
      const path = join(folder, 'turned.jpg')
      await sharp(chelsea).withMetadata({ orientation: 6 }).toFile(path)
      const { height, width } = await filtered(path, 'gaussian')
      expect([height, width]).to.deep.equal([451, 300])
    })

    for (const [extension, format] of [
      ['jpg', 'jpeg'],
      ['webp', 'webp'],
      ['tif', 'tiff'],
    ]) {
      // prettier-ignore
      it(`writes .${extension}`, async () => {
        const output = join(folder, `out.${extension}`)
        expect(simdconv(['filter', chelsea, '-f', 'sharpen', '-o', output]).code).to.equal(0)
        const metadata = await sharp(output).metadata()
        expect([metadata.format, metadata.width, metadata.height]).to.deep.equal([format, 451, 300])
      })
    }
  })

  describe('FILE.json', () => {
    it('kernel, divisor and offset', async () => {
      const photo = await readImage(chelsea)
      const kernel = [[3, -1, 0, 5, 1], [0, 2, 0, -4, 0], [1, 1, 1, 1, 1]] // prettier-ignore
      writeFileSync(join(folder, 'own.json'), JSON.stringify({ kernel, divisor: 9, offset: 20, name: 'own' }))
      const result = await filtered(chelsea, 'own.json')
      expectPixels(result, photo, (...at) => correlateAt(photo, kernel, ...at) / 9 + 20)
      expect(simdconv(['filter', chelsea, '-f', 'own.json', '-o', 'out.png']).stdout).to.equal(
        'own of chelsea.png (451 x 300): out.png\n',
      )
    })

    it('with the byte order mark that some editors write', () => {
      writeFileSync(join(folder, 'own.json'), '\ufeff{"kernel": [[1]]}')
      expect(simdconv(['filter', chelsea, '-f', 'own.json', '-o', 'out.png']).code).to.equal(0)
    })

    const refusals: readonly (readonly [text: string, problem: string])[] = [
      ['[[1]]', 'the file must hold an object such as {"kernel": [[0, 1], [1, 0]]}, got a list'],
      ['3', 'the file must hold an object such as {"kernel": [[0, 1], [1, 0]]}, got 3'],
      [
        '{"kernel": [[1]], "divider": 2}',
        'unknown key "divider"; the keys are kernel, divisor, offset, name',
      ],
      ['{}', 'the key "kernel" is missing; it is a list of rows of numbers'],
      ['{"kernel": 7}', 'kernel must be a list of rows of numbers, got 7'],
      ['{"kernel": []}', 'kernel has no rows'],
      ['{"kernel": [[]]}', 'kernel[0] is empty'],
      ['{"kernel": [[1, 2], 3]}', 'kernel[1] must be a row of numbers, got 3'],
      ['{"kernel": [[1, 2], [3]]}', 'kernel[1] has 1 numbers, kernel[0] has 2; rows must be equally long'],
      ['{"kernel": [[1, "2"]]}', 'kernel[0][1] must be a number, got "2"'],
      ['{"kernel": [[1, null]]}', 'kernel[0][1] must be a number, got null'],
      ['{"kernel": [[1e999]]}', 'kernel[0][0] must be a number, got Infinity'],
      ['{"kernel": [[1, 1e300]]}', 'kernel[0][1] is too large for a float of 32 bits, got 1e+300'],
      [
        '{"kernel": [[1]], "divisor": 1e-320}',
        'kernel[0][0] is too large for a float of 32 bits, got 1 / 1e-320',
      ],
      ['{"kernel": [[1]], "offset": -1e39}', 'offset is too large for a float of 32 bits, got -1e+39'],
      ['{"kernel": [[1]], "name": ""}', 'name is empty; leave it out to use the name of the file'],
      ['{"kernel": [[1]], "divisor": 0}', 'divisor must be a number other than 0, got 0'],
      ['{"kernel": [[1]], "offset": {}}', 'offset must be a number, got an object'],
      ['{"kernel": [[1]], "name": 5}', 'name must be a string, got 5'],
    ]
    for (const [text, problem] of refusals) {
      it(text, () => {
        writeFileSync(join(folder, 'bad.json'), text)
        expectFailure(
          ['filter', chelsea, '-f', 'bad.json', '-o', 'out.png'],
          1,
          `filter bad.json: ${problem}`,
        )
      })
    }

    it('text that is no JSON', () => {
      writeFileSync(join(folder, 'bad.json'), '{kernel}')
      const { code, stderr } = simdconv(['filter', chelsea, '-f', 'bad.json', '-o', 'out.png'])
      expect(code).to.equal(1)
      expect(stderr).to.match(/^simdconv: filter bad\.json: not JSON: .*\n$/)
    })
  })

  describe('refusals', () => {
    const filters =
      'gaussian, sharpen, emboss, sobel, sobel-x, sobel-y, laplacian, dog, gabor-0, gabor-60 and gabor-120'
    const usage: readonly (readonly [words: string, sentence: string])[] = [
      ['', 'no command given (see: simdconv --help)'],
      ['fliter', 'unknown command "fliter"; did you mean "filter"? (see: simdconv --help)'],
      [
        'quux',
        'unknown command "quux"; the commands are filter, sheet, find and info (see: simdconv --help)',
      ],
      [
        'toString',
        'unknown command "toString"; the commands are filter, sheet, find and info (see: simdconv --help)',
      ],
      ['filter', 'no photo given (see: simdconv filter --help)'],
      ['filter a.png b.png', 'one photo at a time, got a.png and b.png (see: simdconv filter --help)'],
      ['filter a.png -f sobel', '--output is missing (see: simdconv filter --help)'],
      ['filter a.png -o b.png', '--filter is missing (see: simdconv filter --help)'],
      ['filter a.png -f', '-f, --filter needs a value (see: simdconv filter --help)'],
      [
        'filter --filtre x',
        'unknown option "--filtre"; did you mean "--filter"? (see: simdconv filter --help)',
      ],
      [
        'filter a.png -f sobel -o b.gif',
        'output b.gif must end with .png, .jpg, .jpeg, .webp, .tif, .tiff (see: simdconv filter --help)',
      ],
      [
        'filter a.png -f sobl -o b.png',
        'unknown filter "sobl"; did you mean "sobel"? (see: simdconv filter --help)',
      ],
      [
        'filter a.png -f quux -o b.png',
        `unknown filter "quux"; the filters are ${filters}, or a FILE.json (see: simdconv filter --help)`,
      ],
      [
        'filter a.png -f sobel -o b.png -b egde',
        '--border must be "constant", "edge", "reflect", "symmetric", "wrap" or "renormalize", got "egde"; did you mean "edge"? (see: simdconv filter --help)',
      ],
      ['sheet', 'no photo given (see: simdconv sheet --help)'],
      ['sheet a.png', '--output is missing (see: simdconv sheet --help)'],
      ['info --json=1', '--json takes no value (see: simdconv info --help)'],
      ['info a.png', 'info takes no photo, got a.png (see: simdconv info --help)'],
    ]
    for (const [words, sentence] of usage) {
      it(`"${words}"`, () => {
        expectFailure(words.split(' ').filter(Boolean), 2, sentence)
      })
    }

    it('--border mirror, which means two things', () => {
      const { code, stderr } = simdconv([
        'filter',
        chelsea,
        '-f',
        'sobel',
        '-o',
        'b.png',
        '--border',
        'mirror',
      ])
      expect(code).to.equal(2)
      expect(stderr).to.match(/^simdconv: --border "mirror" is ambiguous: scipy means "reflect" .*\n$/)
    })

    it('a photo that is missing', () => {
      expectFailure(
        ['filter', 'no.png', '-f', 'sobel', '-o', 'b.png'],
        1,
        'cannot read no.png: no such file or directory',
      )
      expectFailure(['sheet', 'no.png', '-o', 'b.png'], 1, 'cannot read no.png: no such file or directory')
      expectFailure(['sheet', '.', '-o', 'b.png'], 1, 'cannot read .: it is a directory')
    })

    it('a filter file that is missing', () => {
      expectFailure(
        ['filter', chelsea, '-f', 'no.json', '-o', 'b.png'],
        1,
        'cannot read filter no.json: no such file or directory',
      )
    })

    it('a file that is no image, and one that ends early', () => {
      writeFileSync(join(folder, 'text.png'), 'not a picture')
      writeFileSync(join(folder, 'half.png'), readFileSync(chelsea).subarray(0, 100_000))
      for (const name of ['text.png', 'half.png']) {
        const { code, stdout, stderr } = simdconv(['filter', name, '-f', 'sobel', '-o', 'out.png'])
        expect([code, stdout]).to.deep.equal([1, ''])
        expect(stderr).to.match(/^simdconv: cannot decode .*\.png: .+\n$/)
      }
      expect(existsSync(join(folder, 'out.png'))).to.equal(false)
    })

    it('an output that cannot be written; nothing is left behind', () => {
      mkdirSync(join(folder, 'folder.png'))
      symlinkSync('/dev/null', join(folder, 'device.png'))
      const cannot = (output: string, reason: string) =>
        expectFailure(
          ['filter', chelsea, '-f', 'sobel', '-o', output],
          1,
          `cannot write ${output}: ${reason}`,
        )
      cannot('no/out.png', 'no such file or directory')
      cannot('folder.png', 'it is a directory')
      cannot('device.png', 'it is not a regular file')
      expect(readdirSync(folder).sort()).to.deep.equal(['device.png', 'folder.png'])
    })
  })

  it('an output is replaced whole, through a link, or stays as it was', async () => {
    const output = join(folder, 'out.png')
    symlinkSync('out.png', join(folder, 'link.png'))
    writeFileSync(output, 'before')
    expect(simdconv(['filter', 'no.png', '-f', 'sobel', '-o', 'out.png']).code).to.equal(1)
    expect(readFileSync(output, 'utf8')).to.equal('before')
    expect(simdconv(['filter', chelsea, '-f', 'sobel', '-o', 'link.png']).code).to.equal(0)
    expect((await sharp(output).metadata()).width).to.equal(451)
    expect(readdirSync(folder).sort()).to.deep.equal(['link.png', 'out.png'])
  })

  describe('help and information', () => {
    it('--help of the program and of each command', () => {
      for (const [words, start] of [
        ['--help', 'simdconv: convolutions for Node.js'],
        ['filter --help', 'Usage: simdconv filter PHOTO'],
        ['sheet -h', 'Usage: simdconv sheet PHOTO'],
        ['find --help', 'Usage: simdconv find SCENE TEMPLATE'],
        ['info --help', 'Usage: simdconv info'],
      ] as const) {
        const { code, stdout, stderr } = simdconv(words.split(' '))
        expect([code, stderr]).to.deep.equal([0, ''])
        expect(stdout.startsWith(start), stdout).to.equal(true)
        for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(110)
      }
    })

    it('--version is that of package.json', () => {
      const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
      expect(simdconv(['--version'])).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: '' })
    })

    it('info as text and as JSON, and the ISA that was asked for', () => {
      const facts = JSON.parse(simdconv(['info', '--json']).stdout) as {
        isa: string
        isas: string[]
        threads: number
      }
      expect(facts.isas).to.include('scalar').and.include(facts.isa)
      expect(facts.threads).to.be.at.least(1)
      const { stdout } = simdconv(['info'], main, { SIMDCONV_ISA: 'scalar' })
      expect(stdout).to.match(/^ {2}isa +scalar$/m)
      expect(stdout).to.include(`  ${facts.isas.join(', ')}\n`)
    })

    const full = existsSync('/dev/full') ? it : it.skip
    full('a standard output that cannot be written', () => {
      for (const words of [['info'], ['info', '--json'], ['--help'], ['--version']]) {
        const device = openSync('/dev/full', 'w')
        const { status, stderr } = spawnSync(process.execPath, [main, ...words], {
          stdio: ['ignore', device, 'pipe'],
          encoding: 'utf8',
        })
        closeSync(device)
        expect(stderr).to.equal(
          'simdconv: cannot write to the standard output: no space left on the device\n',
        )
        expect(status).to.equal(1)
      }
    })
  })

  describe('sheet', () => {
    it('draws all filters and tells what was computed', async () => {
      const { code, stdout, stderr } = simdconv(['sheet', chelsea, '-o', 'sheet.png'])
      expect([code, stderr]).to.deep.equal([0, ''])
      const lines = stdout.split('\n')
      expect(lines[0]).to.match(
        /^chelsea\.png: 451 x 300, RGB; simdconv \d.*, (scalar|avx2|avx512|neon), threads: \d+, Node\.js v\d/,
      )
      expect(lines[2]).to.match(/^filter +kernel +output +algorithm +micro-kernel +isa +ms +MP\/s +GFLOP\/s$/)
      expect(lines.slice(4, 15).map((line) => line.split(' ')[0])).to.deep.equal(
        'gaussian sharpen emboss sobel sobel-x sobel-y laplacian dog gabor-0 gabor-60 gabor-120'.split(' '),
      )
      expect(lines[7]).to.match(/^sobel +2 of 3 x 3 +300 x 451 x 6 .* [\d.]+ +\d+ +[\d.]+$/)
      expect(lines.slice(15)).to.deep.equal([
        '',
        'GFLOP/s: operations of the formula; filters of rank 1 ("separable") are computed with fewer.',
        '',
        'sheet.png',
        '',
      ])

      const sheet = await readImage(join(folder, 'sheet.png'))
      const photo = await readImage(chelsea)
      expect([sheet.width, sheet.height]).to.deep.equal([4 * 451 + 5 * 16, 72 + 3 * (324 + 16) - 16])
      for (const [y, x] of [
        [0, 0],
        [150, 200],
        [299, 450],
      ] as const) {
        // prettier-ignore
        const at = ((56 + 24 + y) * sheet.width + 16 + x) * 3
        const from = (y * photo.width + x) * 3
        expect(Array.from(sheet.data).slice(at, at + 3)).to.deep.equal(
          Array.from(photo.data).slice(from, from + 3),
        )
      }
    })

    it('makes tiles of large photos smaller, and leaves small ones', async () => {
      const large = join(folder, 'large.png')
      await sharp(camera).resize(1200, 700, { fit: 'fill' }).png().toFile(large)
      expect(simdconv(['sheet', large, '-o', 'sheet.png']).code).to.equal(0)
      expect((await sharp(join(folder, 'sheet.png')).metadata()).width).to.equal(4 * 480 + 5 * 16)
      const small = await writeImage('small.png', 3, 8, (index) => index)
      expect(simdconv(['sheet', small.path, '-o', 'sheet.png']).code).to.equal(0)
    })
  })

  describe('parts that are missing', () => {
    /** The program in a folder of its own, where it finds no packages; with or without the engine. */
    function installed(engine: boolean): string {
      for (const name of ['dist', 'package.json'])
        cpSync(join(root, name), join(folder, name), { recursive: true })
      for (const name of engine ? ['build', 'prebuilds'] : []) {
        if (existsSync(join(root, name))) symlinkSync(join(root, name), join(folder, name))
      }
      return join(folder, 'dist/cli/main.js')
    }

    it('sharp: how to install it', () => {
      const result = simdconv(['filter', chelsea, '-f', 'sobel', '-o', 'out.png'], installed(true))
      const sentence =
        'photos are decoded by sharp, which is not installed. Install it with: npm install sharp'
      expect(result).to.deep.equal({ code: 1, stdout: '', stderr: `simdconv: ${sentence}\n` })
    })

    it('the engine: what was tried; help is there all the same', () => {
      const program = installed(false)
      const { code, stderr } = simdconv(['info'], program)
      expect(code).to.equal(1)
      expect(stderr).to.match(/^simdconv: no native build for .*npm run build\n$/)
      expect(simdconv(['filter', '--help'], program).code).to.equal(0)
    })
  })
})
