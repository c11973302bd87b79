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
]

/** @param {string} text @returns {string} */
export const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** @param {number} value @returns {string} */
const short = (value) => String(Math.round(value * 100) / 100)

/**
 * @param {number} x
 * @param {number} y of the baseline
 * @param {string} content
 * @param {{ size?: number, anchor?: 'start' | 'middle' | 'end', fill?: string, weight?: number }} [style]
 * @returns {string}
 */
export function text(x, y, content, { size = 12, anchor = 'start', fill = '#222222', weight = 400 } = {}) {
  const place = `x="${short(x)}" y="${short(y)}" font-size="${size}" text-anchor="${anchor}"`
  return `<text ${place} fill="${fill}" font-weight="${weight}">${escape(content)}</text>`
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @param {string} fill
 * @param {string} [title] shown under the mouse
 * @returns {string}
 */
export function rectangle(x, y, width, height, fill, title) {
  const shape = `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${fill}"`
  return title === undefined ? `${shape}/>` : `${shape}><title>${escape(title)}</title></rect>`
}

/**
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 * @param {string} stroke
 * @param {string} [dashes]
 * @returns {string}
 */
export function line(x1, y1, x2, y2, stroke, dashes) {
  const ends = `x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}"`
  return `<line ${ends} stroke="${stroke}"${dashes ? ` stroke-dasharray="${dashes}"` : ''}/>`
}

/**
 * Names beside squares of their colours, in one row.
 *
 * @param {number} x
 * @param {number} y of the baseline
 * @param {readonly { name: string, colour: string }[]} entries
 * @returns {string[]}
 */
export function legend(x, y, entries) {
  let left = x
  return entries.flatMap(({ name, colour }) => {
    const shapes = [rectangle(left, y - 10, 11, 11, colour), text(left + 16, y, name)]
    left += 16 + name.length * 7 + 22
    return shapes
  })
}

/**
 * @param {number} width
 * @param {number} height
 * @param {readonly string[]} shapes
 * @returns {string}
 */
export function picture(width, height, shapes) {
  const box = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`
  const page = rectangle(0, 0, width, height, '#ffffff')
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box} ${font}>\n${[page, ...shapes].join('\n')}\n</svg>\n`
}
