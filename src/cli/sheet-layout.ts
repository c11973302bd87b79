/** Where things go on a contact sheet: tiles in rows under a title, a label above each. */
import { Canvas, type Colour, type Picture } from './canvas.js'
import { GLYPH_HEIGHT, textWidth } from './font.js'

export interface Tile {
  readonly picture: Picture
  /** Written above the picture on the left, and, dimmer, on the right. */
  readonly name: string
  readonly detail: string
}

const BACKGROUND: Colour = [24, 26, 30]
const BRIGHT: Colour = [236, 238, 242]
const DIM: Colour = [146, 152, 164]
const LETTER = 2 // pixels of one dot of a letter
const LABEL_HEIGHT = (GLYPH_HEIGHT + 3) * LETTER
const GAP = 16

/** Draws tiles whose pictures all have one size. */
export function drawSheet(title: string, note: string, tiles: readonly Tile[], columns: number): Canvas {
  const tileWidth = Math.max(...tiles.map(contentWidth))
  const tileHeight = LABEL_HEIGHT + tiles[0]!.picture.height
  const rows = Math.ceil(tiles.length / columns)
  const top = GAP + LABEL_HEIGHT + GAP
  const width = GAP + columns * (tileWidth + GAP)
  const canvas = new Canvas(width, top + rows * (tileHeight + GAP), BACKGROUND)
  canvas.text(cut(title, width - 2 * GAP - textWidth(`  ${note}`) * LETTER), GAP, GAP, LETTER, BRIGHT)
  canvas.textEndingAt(note, width - GAP, GAP, LETTER, DIM)
  for (const [index, tile] of tiles.entries()) {
    const left = GAP + (index % columns) * (tileWidth + GAP)
    drawTile(canvas, tile, left, top + Math.floor(index / columns) * (tileHeight + GAP), tileWidth)
  }
  return canvas
}

function drawTile(canvas: Canvas, tile: Tile, left: number, top: number, width: number): void {
  canvas.text(tile.name, left, top, LETTER, BRIGHT)
  canvas.textEndingAt(tile.detail, left + width, top, LETTER, DIM)
  canvas.draw(tile.picture, left, top + LABEL_HEIGHT)
}

/** As much of a text as fits in some pixels. */
function cut(text: string, pixels: number): string {
  let end = text.length
  while (textWidth(text.slice(0, end)) * LETTER > pixels) end--
  return text.slice(0, end)
}

/** The wider of a picture and its label. */
function contentWidth({ picture, name, detail }: Tile): number {
  return Math.max(picture.width, (textWidth(name) + textWidth('  ') + textWidth(detail)) * LETTER)
}
