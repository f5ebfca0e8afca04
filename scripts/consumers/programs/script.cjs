/** A script of CommonJS. run.js executes it. */
const { connect } = require("@handclasp/node");

exports.echo = async (url, ca, text) => {
  const channel = await connect(url, { ca, serverName: "localhost" });
  await channel.write(Buffer.from(text));
  const answer = Buffer.from(await channel.read()).toString();
  await channel.close();
  return answer;
};
