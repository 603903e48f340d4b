// The server-sent events of a response, as EventSource has them: { name, id, data }. The id is the last one that the
// response gave, be it with a block without data, which is no event; '' if it gave none.
export async function* serverSentEvents(response) {
  const decoder = new TextDecoder();
  let text = '';
  let id = '';
  for await (const bytes of response.body) {
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      let name = 'message';
      const data = [];
      for (const line of block.split('\n')) {
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (field === 'id') id = value;
        if (field === 'event') name = value;
        if (field === 'data') data.push(value);
      }
      if (data.length > 0) yield { name, id, data: data.join('\n') };
    }
  }
}
