/** The errors of this package: ordinary TypeError, RangeError and Error objects with a stable `code`. */
const classes = {
  ERR_CONV_TYPE: TypeError,
  ERR_CONV_RANGE: RangeError,
  ERR_CONV_LENGTH: RangeError,
  ERR_CONV_SHAPE: RangeError,
  ERR_CONV_OPTION: TypeError,
  ERR_CONV_BORDER: TypeError,
  ERR_CONV_ALIAS: RangeError,
  ERR_CONV_DETACHED: TypeError,
  ERR_CONV_BUSY: Error,
  ERR_CONV_DISPOSED: Error,
  ERR_CONV_ALGORITHM: Error,
  ERR_CONV_MEMORY: RangeError,
  ERR_CONV_ISA: RangeError,
  ERR_CONV_LOAD: Error,
} as const

/**
 * The stable codes; a message may be reworded, a code is not.
 *
 * | code                 | class      | meaning                                                              |
 * | -------------------- | ---------- | -------------------------------------------------------------------- |
 * | `ERR_CONV_TYPE`      | TypeError  | a value of the wrong type or class                                   |
 * | `ERR_CONV_RANGE`     | RangeError | a number outside its range, or a tensor too large                    |
 * | `ERR_CONV_LENGTH`    | RangeError | an array whose length does not fit its shape                         |
 * | `ERR_CONV_SHAPE`     | RangeError | shapes that do not fit each other                                    |
 * | `ERR_CONV_OPTION`    | TypeError  | an unknown option, or an unknown name as the value of one            |
 * | `ERR_CONV_BORDER`    | TypeError  | a border policy that is unknown, ambiguous or contradicts itself     |
 * | `ERR_CONV_ALIAS`     | RangeError | the output overlaps the input                                        |
 * | `ERR_CONV_DETACHED`  | TypeError  | memory that was transferred away                                     |
 * | `ERR_CONV_BUSY`      | Error      | memory that a run() which has not finished still uses                |
 * | `ERR_CONV_DISPOSED`  | Error      | a layer used after dispose()                                         |
 * | `ERR_CONV_ALGORITHM` | Error      | a forced algorithm cannot do this layer, with its reason             |
 * | `ERR_CONV_MEMORY`    | RangeError | an allocation failed                                                 |
 * | `ERR_CONV_ISA`       | RangeError | SIMDCONV_ISA names an instruction set that this machine does not have |
 * | `ERR_CONV_LOAD`      | Error      | no native build fits this platform                                   |
 */
export type ConvErrorCode = keyof typeof classes

/** What every error of this package looks like: an Error (often a TypeError or RangeError) with a code. */
export interface ConvError extends Error {
  readonly code: ConvErrorCode
}

/** Builds the error of a code. The message is one sentence: what, its value, the rule, the way out. */
export function convError(code: ConvErrorCode, message: string): ConvError {
  return Object.assign(new classes[code](message), { code })
}

/** Whether an error is one of this package's, and not out of a getter of the user's. */
export function isConvError(value: unknown): value is ConvError {
  return value instanceof Error && Object.hasOwn(classes, String((value as Partial<ConvError>).code))
}

/** Remembers where a call came from, at the price of a stack capture; the text is only made when it is asked for. */
export class CallSite {
  readonly stack: string = ''

  /** Captures the stack of whoever makes this. */
  constructor() {
    Error.captureStackTrace(this, CallSite)
  }

  /** Gives an error that was made on another thread the stack of the call. */
  blame(error: Error): Error {
    const frames = this.stack.indexOf('\n')
    error.stack = `${error.name}: ${error.message}${frames < 0 ? '' : this.stack.slice(frames)}`
    return error
  }
}
