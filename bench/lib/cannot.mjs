/** A contender that cannot take part says why with this. */
export class Cannot extends Error {}

/**
 * Imports the package of a contender.
 *
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function load(name) {
  try {
    return await import(name)
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`)) {
      throw new Cannot(`package ${name} is not installed; npm ci --prefix bench`)
    }
    throw new Cannot(`package ${name} does not load: ${message.split('\n', 1)[0]}`)
  }
}
