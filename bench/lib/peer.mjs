/** A process that answers orders line by line; what is said is in child.mjs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Cannot } from './cannot.mjs'

const patienceMs = 120_000

export class Peer {
  #process
  #answers
  #complaints = ''

  /**
   * @param {string} command
   * @param {readonly string[]} commandArguments
   * @param {Readonly<Record<string, string>>} environment added to that of this process
   */
  constructor(command, commandArguments, environment = {}) {
    this.#process = spawn(command, commandArguments, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    this.#process.on('error', (error) => (this.#complaints += error.message))
    this.#process.stdin.on('error', () => {}) // It has left; the next answer says so.
    this.#process.stderr.setEncoding('utf8').on('data', (text) => (this.#complaints += text))
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /**
   * Gives an order and waits for the answer of this kind.
   *
   * @param {string} order
   * @param {string} kind
   * @returns {Promise<string>}
   */
  ask(order, kind) {
    this.#process.stdin.write(`${order}\n`)
    return this.answer(kind)
  }

  /**
   * Waits for an answer: what follows its first word.
   *
   * @param {string} kind
   * @returns {Promise<string>}
   * @throws {Cannot} when it answers something else, nothing, or leaves
   */
  async answer(kind) {
    const patience = setTimeout(() => {
      this.#complaints += `\nno answer in ${patienceMs / 1000} seconds`
      this.#process.kill()
    }, patienceMs)
    try {
      for (;;) {
        const { value, done } = await this.#answers.next()
        if (done) throw new Cannot(await this.#lastWords())
        if (!value.startsWith('@')) continue
        const [word, rest = ''] = value.slice(1).split(/ (.*)/)
        if (word !== kind) throw new Cannot(rest || word)
        return rest
      }
    } finally {
      clearTimeout(patience)
    }
  }

  /** Ends it. */
  async dismiss() {
    if (this.#hasLeft) return
    this.#process.stdin.end()
    const stubborn = setTimeout(() => this.#process.kill('SIGKILL'), 2000)
    await once(this.#process, 'close')
    clearTimeout(stubborn)
  }

  get #hasLeft() {
    return (
      this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null
    )
  }

  async #lastWords() {
    if (!this.#hasLeft) await once(this.#process, 'close')
    const words = this.#complaints.trim().split('\n').at(-1)
    return words || `ended with ${this.#process.signalCode ?? `status ${this.#process.exitCode}`}`
  }
}
