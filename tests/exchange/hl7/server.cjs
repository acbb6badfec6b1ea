// A server of another house (npm: node-hl7-server 2.5.0) that says what it read of each message, one JSON a line.
const { Server } = require(process.argv[2] + '/node_modules/node-hl7-server')
const port = Number(process.argv[3])
const listening = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port }, async (req, res) => {
  const message = req.getMessage()
  const count = message.get('OBX').length ?? 0
  console.log(JSON.stringify({ control: message.get('MSH.10').toString(), kind: message.get('MSH.9.1').toString(),
    patient: message.get('PID.3.1').toString(), family: message.get('PID.5.1').toString(), observations: count }))
  await res.sendResponse('AA')
})
listening.on('listen', () => console.log('listening'))
process.stdin.on('end', () => listening.close().then(() => process.exit(0)))
process.stdin.resume()
