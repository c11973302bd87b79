/**
 * Praise or complaint: a convolution over words, with the maximum over time (Kim 2014, arXiv 1408.5882).
 *
 *   node examples/text-cnn.mjs          (after `npm run build`)
 *
 * Makes up short reviews in which what counts is two words together: "good" is praise, "not good" is a complaint, and
 * "not" alone says nothing. Each word is a vector; filters of 2, 3 and 4 words slide over a sentence (Conv1d), the
 * largest response of each, wherever it was, goes into a logistic regression, and all of it is fitted by gradient
 * descent. Then it is asked about sentences that it has not seen, also about some that it cannot get right.
 * docs/audio-and-text.md says what follows from that.
 */
import { Conv1d, tensor } from 'simdconv'

const WIDTHS = [2, 3, 4]
const FILTERS = 8 // of each width
const EMBEDDING = 12
const LONGEST = 18
const STEPS = 80
const RATE = 0.02

const random = generator(2014)
const pick = (items) => items[Math.floor(random() * items.length)]

const GOOD = ['good', 'great', 'lovely', 'tasty', 'charming', 'clever', 'fresh', 'warm']
const BAD = ['bad', 'dull', 'bland', 'noisy', 'rude', 'stale', 'clumsy', 'cold']
const SPARED = ['clever', 'warm', 'clumsy', 'cold'] // never denied in what is learnt from
const NOUNS = [
  'soup',
  'film',
  'room',
  'book',
  'service',
  'music',
  'garden',
  'story',
  'waiter',
  'bread',
  'play',
  'tea',
]
const OPENERS = [
  '',
  'honestly',
  'we thought that',
  'last week',
  'i did not come alone and',
  'as ever',
  'you know',
]
const TAILS = [
  '',
  'for the price',
  'and we did not wait',
  'on a rainy day',
  'and nobody was there',
  'from start to end',
]
const ASIDES = [
  'as everybody here will tell you',
  'whatever the papers say of it',
  'and i have been here often',
]

const seen = new Set()
const training = sentences(600, ({ negation, word }) => negation === '' || !SPARED.includes(word))
const heldOut = sentences(400, ({ negation, word }) => negation === '' || !SPARED.includes(word))
const spared = sentences(200, ({ negation, word }) => negation !== '' && SPARED.includes(word))
const far = sentences(200, ({ negation }) => negation === 'never', ASIDES)
const vocabulary = new Map(
  [...new Set([...training, ...far].flatMap(({ words }) => words))].map((word, index) => [word, index]),
)

const model = {
  embeddings: normal(vocabulary.size * EMBEDDING, 0.5),
  filters: WIDTHS.map((width) => normal(width * EMBEDDING * FILTERS, 0.3)),
  biases: WIDTHS.map(() => new Float32Array(FILTERS)),
  output: normal(WIDTHS.length * FILTERS, 0.3),
  offset: new Float32Array(1),
}
fit(model, training)

console.log(`${training.length} sentences to learn from, such as "${training[0].words.join(' ')}"`)
const percent = (part) => `${(100 * part).toFixed(0)} %`
console.log(
  `words alone, in any order: ${percent(bagOfWords(training, heldOut))} of ${heldOut.length} new ones right`,
)
console.log(`convolution over words:    ${percent(accuracy(model, heldOut))} right`)
console.log(`"not" before words that it never stood before: ${percent(accuracy(model, spared))} right`)
console.log(`"never ${ASIDES[0]} good": ${percent(accuracy(model, far))} right`)
for (const { kind, ngrams } of favourites(model, heldOut)) console.log(`${kind}: ${ngrams.join(' | ')}`)

/** As many as wanted of those that are allowed, none twice: a list of words, and whether it is praise. */
function sentences(count, isAllowed, emphases = ['', '', 'very', 'really', 'all that']) {
  const made = []
  while (made.length < count) {
    const [negation, word] = [pick(['', '', 'not', 'never']), pick([...GOOD, ...BAD])]
    const opening = [pick(OPENERS), 'the', pick(NOUNS), pick(['was', 'seemed', 'looked'])]
    const text = [...opening, negation, pick(emphases), word, pick(TAILS)]
      .filter((part) => part !== '')
      .join(' ')
    if (seen.has(text) || !isAllowed({ negation, word })) continue
    seen.add(text)
    made.push({ words: text.split(' '), isPraise: GOOD.includes(word) === (negation === '') })
  }
  return made
}

/** The vectors of the words, one sentence after the other, with zeros behind each: sentences x words x numbers. */
function embed({ embeddings }, list) {
  const data = new Float32Array(list.length * LONGEST * EMBEDDING)
  for (const [n, { words }] of list.entries()) {
    for (const [t, word] of words.entries()) {
      const from = vocabulary.get(word) * EMBEDDING
      data.set(embeddings.subarray(from, from + EMBEDDING), (n * LONGEST + t) * EMBEDDING)
    }
  }
  return tensor(data, [list.length, LONGEST, EMBEDDING])
}

/** Of each width: what each filter says at each place of each sentence. */
function convolutions({ filters, biases }, input) {
  return WIDTHS.map((width, index) => {
    const filter = tensor(filters[index], [width, EMBEDDING, FILTERS])
    const layer = new Conv1d({ filter, bias: biases[index], activation: 'relu' })
    const map = layer.runSync(input)
    layer.dispose() // its weights are about to change
    return map
  })
}

/** Max over time: the largest response of each filter to each sentence, and the place of it. */
function maxOverTime(maps, count) {
  const features = maps.length * FILTERS
  const values = new Float32Array(count * features)
  const places = new Int32Array(count * features)
  for (const [index, { data, shape }] of maps.entries()) {
    const [, length] = shape
    for (let n = 0; n < count; n++) {
      for (let d = 0; d < FILTERS; d++) {
        const feature = n * features + index * FILTERS + d
        for (let t = 0; t < length; t++) {
          const value = data[(n * length + t) * FILTERS + d]
          if (value > values[feature]) [values[feature], places[feature]] = [value, t]
        }
      }
    }
  }
  return { values, places, features }
}

/** The probability that a sentence is praise. */
function praise({ output, offset }, values, n) {
  let sum = offset[0]
  for (const [feature, weight] of output.entries()) sum += weight * values[n * output.length + feature]
  return 1 / (1 + Math.exp(-sum))
}

function accuracy(model, list) {
  const { values } = maxOverTime(convolutions(model, embed(model, list)), list.length)
  return list.filter(({ isPraise }, n) => praise(model, values, n) > 0.5 === isPraise).length / list.length
}

/** Gradient descent (Adam, Kingma and Ba 2014). Of a maximum only the place where it was has a part in the error. */
function fit(model, list) {
  const parameters = [model.embeddings, ...model.filters, ...model.biases, model.output, model.offset]
  const gradients = parameters.map((parameter) => new Float32Array(parameter.length))
  const moments = parameters.map((parameter) => [
    new Float32Array(parameter.length),
    new Float32Array(parameter.length),
  ])
  for (let step = 1; step <= STEPS; step++) {
    for (const gradient of gradients) gradient.fill(0)
    const input = embed(model, list)
    const { values, places, features } = maxOverTime(convolutions(model, input), list.length)
    for (const [n, { words, isPraise }] of list.entries()) {
      const error = (praise(model, values, n) - isPraise) / list.length
      gradients.at(-1)[0] += error
      for (let feature = 0; feature < features; feature++) {
        const value = values[n * features + feature]
        if (value === 0) continue
        gradients.at(-2)[feature] += error * value
        const [index, d] = [Math.floor(feature / FILTERS), feature % FILTERS]
        const back = error * model.output[feature]
        gradients[1 + WIDTHS.length + index][d] += back
        const place = places[n * features + feature]
        for (let a = 0; a < WIDTHS[index] && place + a < words.length; a++) {
          const word = vocabulary.get(words[place + a]) * EMBEDDING
          for (let c = 0; c < EMBEDDING; c++) {
            const weight = (a * EMBEDDING + c) * FILTERS + d
            gradients[1 + index][weight] += back * model.embeddings[word + c]
            gradients[0][word + c] += back * model.filters[index][weight]
          }
        }
      }
    }
    for (const [index, parameter] of parameters.entries()) {
      const [first, second] = moments[index]
      for (const [at, slope] of gradients[index].entries()) {
        first[at] += 0.1 * (slope - first[at])
        second[at] += 0.001 * (slope ** 2 - second[at])
        const scale = Math.sqrt(second[at] / (1 - 0.999 ** step)) + 1e-8
        parameter[at] -= (RATE * first[at]) / (1 - 0.9 ** step) / scale
      }
    }
  }
}

/** A logistic regression on which words are there, without their order: what there is to beat. */
function bagOfWords(list, others) {
  const weights = new Float32Array(vocabulary.size + 1)
  const score = ({ words }) =>
    words.reduce((sum, word) => sum + weights[vocabulary.get(word)], weights.at(-1))
  for (let step = 0; step < 300; step++) {
    for (const sentence of list) {
      const error = 1 / (1 + Math.exp(-score(sentence))) - sentence.isPraise
      for (const word of sentence.words) weights[vocabulary.get(word)] -= 0.02 * error
      weights[vocabulary.size] -= 0.02 * error
    }
  }
  return others.filter((sentence) => score(sentence) > 0 === sentence.isPraise).length / others.length
}

/** The filters that say most for praise and for complaint, and the words that they answer to most. */
function favourites(model, list) {
  const maps = convolutions(model, embed(model, list))
  const filters = Array.from(model.output, (weight, feature) => {
    const [index, d] = [Math.floor(feature / FILTERS), feature % FILTERS]
    const { data, shape } = maps[index]
    const heard = new Map()
    for (const [n, { words }] of list.entries()) {
      for (let t = 0; t + WIDTHS[index] <= words.length; t++) {
        heard.set(words.slice(t, t + WIDTHS[index]).join(' '), data[(n * shape[1] + t) * FILTERS + d])
      }
    }
    const ngrams = [...heard].sort((a, b) => b[1] - a[1]).slice(0, 4)
    return { says: weight * ngrams[0][1], ngrams: ngrams.map(([ngram]) => ngram) }
  }).sort((a, b) => b.says - a.says)
  const of = (kind, some) => some.map(({ ngrams }) => ({ kind, ngrams }))
  return [...of('praise', filters.slice(0, 3)), ...of('complaint', filters.slice(-3).reverse())]
}

/** Numbers around 0: the sum of four uniform ones is normal enough. */
function normal(length, deviation) {
  return Float32Array.from(
    { length },
    () => (random() + random() + random() + random() - 2) * Math.sqrt(3) * deviation,
  )
}

/** The same numbers from 0 to 1 on every machine (Park and Miller 1988). */
function generator(seed) {
  let state = seed
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}
