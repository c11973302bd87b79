/** A scene under the heat of its scores, with a box around what was found. */
import type { Tensor } from '../index.js'
import { Canvas, type Colour } from './canvas.js'
import { GLYPH_HEIGHT, textWidth } from './font.js'
import type { Find, Search } from './search.js'
import { photoView } from './views.js'

/** Over nothing in common, and over the same picture. */
const COLD: Colour = [20, 22, 60]
const HOT: Colour = [255, 140, 20]
/** A box for what is here, by template, and a thin one for the best place of what is not. */
const BOXES: readonly Colour[] = [
  [60, 255, 120],
  [80, 200, 255],
  [255, 120, 220],
  [250, 240, 90],
]
const NOT_HERE: Colour = [225, 225, 230]
const INK: Colour = [16, 18, 22]

/** Draws the scene in grey, the heat over it, and the boxes on top. */
export function drawHeatMap(scene: Tensor, { finds, heat }: Search): Canvas {
  const [height, width] = scene.shape as [number, number]
  const canvas = new Canvas(width, height, INK)
  const { data } = photoView(scene)
  for (const [pixel, score] of heat.entries()) {
    const grey = (data[3 * pixel]! + data[3 * pixel + 1]! + data[3 * pixel + 2]!) / 3
    const warmth = 0.9 * Math.max(score, 0) ** 1.5
    for (let channel = 0; channel < 3; channel++) {
      canvas.data[3 * pixel + channel] =
        (1 - warmth) * (0.7 * grey + 0.3 * COLD[channel]!) + warmth * HOT[channel]!
    }
  }
  const letter = Math.max(1, Math.round(Math.min(width, height) / 300))
  for (const [template, places] of finds.entries()) {
    const colour = BOXES[template % BOXES.length]!
    // The best is drawn last, over the others.
    for (const find of [...places].reverse()) drawFind(canvas, find, find.isHere ? colour : NOT_HERE, letter)
  }
  return canvas
}

function drawFind(
  canvas: Canvas,
  { variant, score, isHere, x, y }: Find,
  colour: Colour,
  letter: number,
): void {
  const [height, width] = variant.pixels.shape as [number, number]
  const [left, top] = [Math.round(x), Math.round(y)]
  const thickness = isHere ? 2 * letter : letter
  for (let ring = 0; ring < thickness; ring++)
    canvas.frame(left + ring, top + ring, width - 2 * ring, height - 2 * ring, colour)
  const text = isHere ? score.toFixed(2) : `${score.toFixed(2)}?`
  const labelWidth = (textWidth(text) + 4) * letter
  const labelHeight = (GLYPH_HEIGHT + 2) * letter
  // Above the box; where there is no room, in its corner.
  const labelTop = top >= labelHeight ? top - labelHeight : top
  const labelLeft = Math.max(0, Math.min(left, canvas.width - labelWidth))
  canvas.fill(labelLeft, labelTop, labelWidth, labelHeight, colour)
  canvas.text(text, labelLeft + 2 * letter, labelTop + 2 * letter, letter, INK)
}
