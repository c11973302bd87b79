/** A picture of 8-bit RGB pixels that rectangles, pictures and labels are drawn on. */
import { forEachDot, textWidth } from './font.js'

export type Colour = readonly [red: number, green: number, blue: number]

/** Pixels as [height][width][3], red, green, blue from 0 to 255. */
export interface Picture {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
}

export class Canvas implements Picture {
  readonly data: Uint8ClampedArray

  constructor(
    readonly width: number,
    readonly height: number,
    background: Colour,
  ) {
    this.data = new Uint8ClampedArray(width * height * 3)
    this.fill(0, 0, width, height, background)
  }

  /** Fills a rectangle; what lies outside the canvas is left out. */
  fill(left: number, top: number, width: number, height: number, colour: Colour): void {
    const right = Math.min(left + width, this.width)
    const bottom = Math.min(top + height, this.height)
    for (let y = Math.max(top, 0); y < bottom; y++) {
      for (let x = Math.max(left, 0); x < right; x++) this.data.set(colour, (y * this.width + x) * 3)
    }
  }

  /** Draws the outline of a rectangle, one pixel thick, inside its bounds. */
  frame(left: number, top: number, width: number, height: number, colour: Colour): void {
    this.fill(left, top, width, 1, colour)
    this.fill(left, top + height - 1, width, 1, colour)
    this.fill(left, top, 1, height, colour)
    this.fill(left + width - 1, top, 1, height, colour)
  }

  /** Copies a picture, which must lie inside the canvas. */
  draw(picture: Picture, left: number, top: number): void {
    const rowElements = picture.width * 3
    for (let y = 0; y < picture.height; y++) {
      const row = picture.data.subarray(y * rowElements, (y + 1) * rowElements)
      this.data.set(row, ((top + y) * this.width + left) * 3)
    }
  }

  /** Writes a line of text; `scale` is the side of one dot in pixels. */
  text(text: string, left: number, top: number, scale: number, colour: Colour): void {
    forEachDot(text, (x, y) => this.fill(left + x * scale, top + y * scale, scale, scale, colour))
  }

  /** Writes a line of text that ends at `right`. */
  textEndingAt(text: string, right: number, top: number, scale: number, colour: Colour): void {
    this.text(text, right - textWidth(text) * scale, top, scale, colour)
  }
}
