/** The policies for image borders that are compared; the first is what the others are measured against. */

/**
 * @typedef {object} Policy
 * @property {string} name
 * @property {import('simdconv').Border} border
 */

/** @type {readonly Policy[]} */
export const policies = [
  { name: 'zeros', border: { mode: 'constant', value: 0 } },
  { name: 'constant 1', border: { mode: 'constant', value: 1 } },
  { name: 'edge', border: 'edge' },
  { name: 'reflect', border: 'reflect' },
  { name: 'symmetric', border: 'symmetric' },
  { name: 'wrap', border: 'wrap' },
  { name: 'renormalize', border: { mode: 'renormalize', by: 'area' } },
]
