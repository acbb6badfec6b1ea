// A server of another house (npm: node-hl7-server) that says what it read of each message, one line of JSON each.
const { Server } = require('node-hl7-server')
const port = Number(process.argv[2])
const listening = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port }, async (req, res) => {
  const message = req.getMessage()
  const text = (place) => message.get(place).toString()
  const read = { control: text('MSH.10'), kind: text('MSH.9.1'), patient: text('PID.3.1'), family: text('PID.5.1') }
  console.log(JSON.stringify({ ...read, observations: message.get('OBX').length ?? 0 }))
  await res.sendResponse('AA')
})
listening.on('listen', () => console.log('listening'))
process.stdin.on('end', () => listening.close().then(() => process.exit(0)))
process.stdin.resume()
