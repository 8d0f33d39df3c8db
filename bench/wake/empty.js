// The least a worker can do: start and answer.
chrome.runtime.onConnect.addListener((port) => port.onMessage.addListener((ask) => port.postMessage({ asked: ask })))
