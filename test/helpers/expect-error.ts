import { expect } from 'chai'

/** What an error of this package is made of. */
export interface Expected {
  readonly type: typeof TypeError | typeof RangeError | typeof Error
  readonly code: string
  readonly message: string
}

/** Shorthands: expectError(typeError('ERR_CONV_TYPE', '...'), () => ...). */
export const typeError = (code: string, message: string): Expected => ({ type: TypeError, code, message })
export const rangeError = (code: string, message: string): Expected => ({ type: RangeError, code, message })
export const plainError = (code: string, message: string): Expected => ({ type: Error, code, message })

/** The call throws exactly this error: class, code and the whole message. */
export function expectError(expected: Expected, call: () => unknown): void {
  let thrown: unknown
  try {
    call()
  } catch (error) {
    thrown = error
  }
  check(expected, thrown)
}

/** The promise rejects with exactly this error, and making it did not throw. */
export async function expectRejection(expected: Expected, call: () => Promise<unknown>): Promise<void> {
  const promise = call()
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  check(expected, thrown)
}

function check({ type, code, message }: Expected, thrown: unknown): void {
  expect(thrown, 'nothing was thrown').to.be.instanceOf(Error)
  const error = thrown as Error & { code?: unknown }
  expect(error.message).to.equal(message)
  expect(error.code).to.equal(code)
  expect(Object.getPrototypeOf(error), 'the class').to.equal(type.prototype)
}
