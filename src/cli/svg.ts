/** The few shapes that charts are made of, as text. */

const font = 'font-family="system-ui, -apple-system, Segoe UI, DejaVu Sans, Helvetica, Arial, sans-serif"'

/** Colours that people who see few of them can tell apart (Okabe and Ito), the strongest first. */
export const colours = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#f0e442',
  '#999999',
] as const

interface TextStyle {
  readonly size?: number
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly fill?: string
  readonly weight?: number
}

export function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** At `y` is the baseline. */
export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, anchor = 'start', fill = '#222222', weight = 400 } = style
  const place = `x="${short(x)}" y="${short(y)}" font-size="${size}" text-anchor="${anchor}"`
  return `<text ${place} fill="${fill}" font-weight="${weight}">${escape(content)}</text>`
}

/** The title is shown under the mouse. */
export function rectangle(
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  title?: string,
): string {
  const shape = `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${fill}"`
  return title === undefined ? `${shape}/>` : `${shape}><title>${escape(title)}</title></rect>`
}

export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  stroke: string,
  dashes?: string,
): string {
  const ends = `x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}"`
  return `<line ${ends} stroke="${stroke}"${dashes ? ` stroke-dasharray="${dashes}"` : ''}/>`
}

/** A line through many points. */
export function path(points: readonly (readonly [x: number, y: number])[], stroke: string): string {
  const corners = points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ')
  return `<polyline points="${corners}" fill="none" stroke="${stroke}" stroke-width="2"/>`
}

export function dot(x: number, y: number, fill: string, title: string): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="4.5" fill="${fill}"><title>${escape(title)}</title></circle>`
}

/** Names beside squares of their colours, in one row; at `y` is the baseline. */
export function legend(
  x: number,
  y: number,
  entries: readonly { readonly name: string; readonly colour: string }[],
): string[] {
  let left = x
  return entries.flatMap(({ name, colour }) => {
    const shapes = [rectangle(left, y - 10, 11, 11, colour), text(left + 16, y, name)]
    left += 16 + name.length * 7 + 22
    return shapes
  })
}

/** The whole file. */
export function picture(width: number, height: number, shapes: readonly string[]): string {
  const box = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`
  const page = rectangle(0, 0, width, height, '#ffffff')
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box} ${font}>\n${[page, ...shapes].join('\n')}\n</svg>\n`
}
