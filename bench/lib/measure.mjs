/** One layer or network: every contender in a process of its own, checked, warmed up, then timed in turns. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cannot } from './cannot.mjs'
import { startContender } from './contenders.mjs'
import { turnsOf } from './in-turns.mjs'

/**
 * @typedef {{ readonly name: string }} Subject a layer, a network
 *
 * @typedef {object} Task what contenders compute with it
 * @property {string} line that a contender's process reads: the name of the subject, then what describes it
 * @property {number} multiplications
 * @property {import('./meters.mjs').Traffic} traffic of floats, each read or written once
 * @property {Readonly<Record<string, Float32Array>>} data that it reads, too
 * @property {(output: Buffer, details: import('./contenders.mjs').Details) => number} judge gives the largest error, as
 * a share of its bound
 *
 * @typedef {object} Settings
 * @property {number} threads
 * @property {number} rounds
 * @property {number} milliseconds that one contender is timed for in one round
 *
 * @typedef {object} Meters what can be measured beside contenders
 * @property {((milliseconds: number) => Promise<number>) | undefined} peak
 * @property {((traffic: import('./meters.mjs').Traffic, milliseconds: number) => Promise<number>) | undefined} traffic
 *
 * @typedef {object} Measured
 * @property {string} contender
 * @property {import('./contenders.mjs').Details} details
 * @property {number} error largest, as a share of its bound
 * @property {number} iterations in each round
 * @property {number[]} seconds for one run, round by round
 *
 * @typedef {Measured & { peer: import('./peer.mjs').Peer, failure: string | undefined }} Running
 *
 * @typedef {object} Absent
 * @property {string} contender
 * @property {string} reason
 *
 * @typedef {object} Result
 * @property {Subject} subject
 * @property {number} multiplications
 * @property {import('./meters.mjs').Traffic} traffic
 * @property {number[]} peak FLOP/s of one thread, round by round
 * @property {number[]} memory seconds that the traffic alone takes, round by round
 * @property {Measured[]} measured
 * @property {Absent[]} absent
 */

/** Pools of threads spin for some milliseconds after their work, and would disturb who comes next. */
const threadsFallAsleepMs = 30

/**
 * @param {import('./compete.mjs').Discipline} discipline
 * @param {Subject} subject
 * @param {readonly import('./contenders.mjs').Contender[]} contenders
 * @param {Meters} meters
 * @param {Settings} settings
 * @param {() => void} onStep called contenders x (rounds + 1) times
 * @returns {Promise<Result>}
 */
export async function measure(discipline, subject, contenders, meters, settings, onStep) {
  const task = discipline.taskOf(subject)
  const directory = mkdtempSync(join(tmpdir(), 'simdconv-bench-'))
  /** @type {Running[]} */
  const running = []
  /** @type {Result} */
  const result = {
    subject,
    multiplications: task.multiplications,
    traffic: task.traffic,
    peak: [],
    memory: [],
    measured: [],
    absent: [],
  }
  try {
    for (const [name, numbers] of Object.entries(task.data)) {
      writeFileSync(join(directory, `${name}.f32`), numbers)
    }
    for (const contender of contenders) {
      try {
        running.push(await admit(contender, discipline.kind, task, directory, settings))
      } catch (error) {
        if (!(error instanceof Cannot)) throw error
        result.absent.push({ contender: contender.name, reason: error.message })
        for (let round = 0; round < settings.rounds; round++) onStep()
      }
      onStep()
    }

    for (let round = 0; round < settings.rounds; round++) {
      if (meters.peak) result.peak.push(await meters.peak(settings.milliseconds))
      if (meters.traffic) result.memory.push(await meters.traffic(task.traffic, settings.milliseconds))
      for (const index of turnsOf(running.length, round)) {
        await timeOnce(running[index])
        if (settings.threads > 1) await sleep(threadsFallAsleepMs)
        onStep()
      }
    }
    for (const { contender, failure } of running) {
      if (failure !== undefined) result.absent.push({ contender, reason: failure })
    }
    const finished = running.filter(({ failure }) => failure === undefined)
    result.measured = finished.map(({ contender, details, error, iterations, seconds }) => ({
      contender,
      details,
      error,
      iterations,
      seconds,
    }))
    return result
  } finally {
    await Promise.all(running.map(({ peer }) => peer.dismiss()))
    rmSync(directory, { recursive: true })
  }
}

/**
 * Starts a contender, checks its result, and finds how many iterations fill its time; that warms it up, too.
 *
 * @param {import('./contenders.mjs').Contender} contender
 * @param {string} kind
 * @param {Task} task
 * @param {string} directory
 * @param {Settings} settings
 * @returns {Promise<Running>}
 */
async function admit(contender, kind, { line, judge }, directory, { threads, milliseconds }) {
  const peer = startContender(contender, kind, directory, line, threads)
  try {
    /** @type {import('./contenders.mjs').Details} */
    const details = JSON.parse(await peer.answer('ready'))
    const file = join(directory, `${contender.name}.out`)
    await peer.ask(`check ${file}`, 'done')
    const error = judge(readFileSync(file), details)
    if (!(error <= 1)) throw new Cannot(`its result is wrong: ${error.toPrecision(3)} times the error bound`)

    const enough = milliseconds / 1000
    let iterations = 1
    let seconds = Number(await peer.ask('time 1', 'took'))
    while (seconds < enough / 2) {
      iterations = Math.ceil(Math.min((iterations * enough) / Math.max(seconds, 1e-9), iterations * 16))
      seconds = Number(await peer.ask(`time ${iterations}`, 'took'))
    }
    iterations = Math.max(1, Math.round((iterations * enough) / seconds))
    return { contender: contender.name, peer, details, error, iterations, seconds: [], failure: undefined }
  } catch (error) {
    await peer.dismiss()
    throw error
  }
}

/**
 * One round of one contender. One that fails takes no further part.
 *
 * @param {Running} contender
 */
async function timeOnce(contender) {
  if (contender.failure !== undefined) return
  try {
    const seconds = await contender.peer.ask(`time ${contender.iterations}`, 'took')
    contender.seconds.push(Number(seconds) / contender.iterations)
  } catch (error) {
    if (!(error instanceof Cannot)) throw error
    contender.failure = error.message
  }
}
