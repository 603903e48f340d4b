// The SDK in this process. It reads where its server is when it is loaded, so that a process can have one broker only;
// nothing else of it is set or changed.
export const packages = {
  '0.3.2': '@photon-ai/whatsapp-business',
  '0.1.1': 'photon-whatsapp-business-0.1.1',
};

export const versions = Object.keys(packages);

export function environmentOf(broker) {
  return { WHATSAPP_BUSINESS_ENDPOINT: broker.grpcAddress, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: broker.caFile };
}

export async function loadSdk(broker, version = versions[0]) {
  Object.assign(process.env, environmentOf(broker));
  return import(packages[version]);
}
