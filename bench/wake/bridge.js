// What a page needs to ask one of the small extensions: a frame there, a frame back, and a port that opens when it is needed.
const { name } = chrome.runtime.getManifest()
let port

addEventListener('message', ({ source, data }) => {
  if (source !== window || data?.to !== name) return
  if (port === undefined) {
    port = chrome.runtime.connect()
    port.onMessage.addListener((answer) => postMessage({ from: name, answer }, location.origin))
    port.onDisconnect.addListener(() => {
      port = undefined
    })
  }
  port.postMessage(data.ask)
})
