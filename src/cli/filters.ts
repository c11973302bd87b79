/** The filters of the command line, as data. */

/** Rows of weights; all rows have the same length. */
export type Kernel = readonly (readonly number[])[]

export interface Filter {
  readonly name: string
  /** One line for the help text. */
  readonly summary: string
  /** One kernel; or several of one size, and the result is the square root of the sum of their squares. */
  readonly kernels: readonly Kernel[]
  /** Each weight is divided by it. */
  readonly divisor: number
  /** Added to each result, on the scale from 0 (black) to 255 (white). */
  readonly offset: number
  /** Whether the result has a sign, so that zero is shown as the middle grey that `offset` makes of it. */
  readonly signed: boolean
}

const MIDDLE_GREY = 128

const SOBEL_X: Kernel = [
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
]
const SOBEL_Y: Kernel = [
  [-1, -2, -1],
  [0, 0, 0],
  [1, 2, 1],
]
const BINOMIAL = [1, 4, 6, 4, 1]

/** Brightness and contrast as they are: the result is a photo again. */
const PHOTO = { divisor: 1, offset: 0, signed: false }
/** A difference: zero where nothing changes, shown as middle grey. */
const SIGNED = { divisor: 1, offset: MIDDLE_GREY, signed: true }

export const FILTERS: readonly Filter[] = [
  {
    ...PHOTO,
    name: 'gaussian',
    summary: 'soft focus: 5x5 binomial weights, sigma 1',
    kernels: [BINOMIAL.map((y) => BINOMIAL.map((x) => y * x))],
    divisor: 256,
  },
  {
    ...PHOTO,
    name: 'sharpen',
    summary: 'the photo minus its Laplacian',
    kernels: [
      [
        [0, -1, 0],
        [-1, 5, -1],
        [0, -1, 0],
      ],
    ],
  },
  {
    ...PHOTO,
    name: 'emboss',
    summary: 'a relief lit from the upper left, on middle grey',
    kernels: [
      [
        [-2, -1, 0],
        [-1, 0, 1],
        [0, 1, 2],
      ],
    ],
    offset: MIDDLE_GREY,
  },
  {
    ...PHOTO,
    name: 'sobel',
    summary: 'strength of edges: length of the gradient (sobel-x, sobel-y)',
    kernels: [SOBEL_X, SOBEL_Y],
  },
  {
    ...SIGNED,
    name: 'sobel-x',
    summary: 'change from left to right, on middle grey',
    kernels: [SOBEL_X],
  },
  {
    ...SIGNED,
    name: 'sobel-y',
    summary: 'change from top to bottom, on middle grey',
    kernels: [SOBEL_Y],
  },
  {
    ...SIGNED,
    name: 'laplacian',
    summary: 'the four neighbours minus the pixel, on middle grey',
    kernels: [
      [
        [0, 1, 0],
        [1, -4, 1],
        [0, 1, 0],
      ],
    ],
  },
  {
    ...SIGNED,
    name: 'dog',
    summary: 'difference of two Gaussians (sigma 1 and 2): spots and lines, on middle grey',
    kernels: [differenceOfGaussians(1, 2, 6)],
  },
  {
    ...SIGNED,
    name: 'gabor-0',
    summary: 'stripes and edges across 0 degrees (upright ones), on middle grey',
    kernels: [gabor(0)],
  },
  {
    ...SIGNED,
    name: 'gabor-60',
    summary: 'the same, turned by 60 degrees',
    kernels: [gabor(60)],
  },
  {
    ...SIGNED,
    name: 'gabor-120',
    summary: 'the same, turned by 120 degrees',
    kernels: [gabor(120)],
  },
]

/**
 * An odd Gabor function, exp(-(u^2 + v^2) / (2 sigma^2)) sin(2 pi u / wavelength), on 9 x 9 pixels.
 * `degrees` turns the axis u clockwise from the x axis. Its weights sum to 0, their magnitudes to 2,
 * so a black-to-white edge answers with at most 255.
 */
function gabor(degrees: number): Kernel {
  const sigma = 2
  const wavelength = 7
  const angle = (degrees * Math.PI) / 180
  const kernel = square(4, (x, y) => {
    const across = x * Math.cos(angle) + y * Math.sin(angle)
    return gaussianAt(x, y, sigma) * Math.sin((2 * Math.PI * across) / wavelength)
  })
  return scaled(kernel, 2 / sum(kernel.map((row) => row.map(Math.abs))))
}

/** The Gaussian of sigma `inner` minus that of sigma `outer`, each of sum 1. */
function differenceOfGaussians(inner: number, outer: number, radius: number): Kernel {
  const [narrow, wide] = [inner, outer].map((sigma) => {
    const kernel = square(radius, (x, y) => gaussianAt(x, y, sigma))
    return scaled(kernel, 1 / sum(kernel))
  }) as [Kernel, Kernel]
  return narrow.map((row, y) => row.map((weight, x) => weight - wide[y]![x]!))
}

function gaussianAt(x: number, y: number, sigma: number): number {
  return Math.exp(-(x * x + y * y) / (2 * sigma * sigma))
}

/** A kernel of side 2 radius + 1 whose weights are a function of the distance to its middle. */
function square(radius: number, weight: (x: number, y: number) => number): Kernel {
  const offsets = Array.from({ length: 2 * radius + 1 }, (_, index) => index - radius)
  return offsets.map((y) => offsets.map((x) => weight(x, y)))
}

function scaled(kernel: Kernel, factor: number): Kernel {
  return kernel.map((row) => row.map((weight) => weight * factor))
}

function sum(kernel: Kernel): number {
  return kernel.flat().reduce((total, weight) => total + weight, 0)
}
