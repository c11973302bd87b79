/** From our index orders to those of contenders, and back. */

/**
 * Exchanges the two inner axes of three.
 *
 * @param {Float32Array} from [outer][rows][columns]
 * @param {number} rows
 * @param {number} columns
 * @returns {Float32Array} [outer][columns][rows]
 */
export function transpose(from, rows, columns) {
  const to = new Float32Array(from.length)
  const size = rows * columns
  for (let start = 0; start < from.length; start += size) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        to[start + column * rows + row] = from[start + row * columns + column]
      }
    }
  }
  return to
}

/**
 * @param {Float32Array} filter [height][width][in][out]
 * @param {number} taps height x width
 * @param {number} outChannels
 * @returns {Float32Array} [out][in][height][width]
 */
export function hwioToOihw(filter, taps, outChannels) {
  const inChannels = filter.length / taps / outChannels
  const outTapsIn = transpose(filter, taps * inChannels, outChannels)
  return transpose(outTapsIn, taps, inChannels)
}
