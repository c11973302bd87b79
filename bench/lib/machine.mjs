/** What a measurement was made on. */
import { cpus, release, type } from 'node:os'

/**
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {string} system
 * @property {string} node
 * @property {string} simdconv
 * @property {string} isa
 * @property {string} date
 */

/**
 * @param {import('simdconv').Info} info
 * @returns {Machine}
 */
export function describeMachine(info) {
  return {
    cpu: info.cpu.trim(),
    cores: cpus().length,
    system: `${type()} ${release().replace(/-.*/, '')} ${process.arch}`,
    node: process.version,
    simdconv: info.version,
    isa: info.isa,
    date: new Date().toISOString().slice(0, 10),
  }
}

/**
 * @param {Machine} machine
 * @returns {string}
 */
export function machineLine({ cpu, cores, system, node, simdconv, isa, date }) {
  return `${cpu} (${cores} cores), ${system}, Node.js ${node}, simdconv ${simdconv} (${isa}), ${date}`
}
