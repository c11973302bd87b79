/** Numbers that look random and are the same in every run. */

/** Uniform from 0 inclusive to 1 exclusive: a Weyl sequence, its bits mixed. */
export function uniform(seed) {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
    return ((bits ^ (bits >>> 15)) >>> 8) / 2 ** 24
  }
}

/** One number of the standard normal distribution, of two uniform ones (Box and Muller). */
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
