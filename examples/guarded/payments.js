import express from 'express';
import expressMicro from 'express-micro';

const app = express();
const micro = expressMicro(app, {
  serviceName: 'payments',
  port: 3003,
  enableHmac: true, // every call and message is signed and verified
  ipWhitelist: ['127.0.0.1', '10.0.0.0/8'], // who may reach discovery and internal() routes
  onServiceUp: (name, { url }) => console.log(`${name} is up at ${url}`),
  onServiceDown: (name) => console.log(`${name} is down`),
  closeOnSigterm: true, // leave the mesh, finish what is under way, end
});

app.post('/payments', micro.internal(), express.json(), (req, res) => {
  const { service } = micro.caller(req); // who called, proven by its signature
  res.status(201).json({ paid: req.body.amount, askedBy: service });
});

app.listen(3003, '127.0.0.1');
