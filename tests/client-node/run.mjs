// list, create and watch by an informer, with the stock JavaScript client: node run.mjs NAMESPACE (the cluster from KUBECONFIG).
// Prints one line per step that held and ends with "client-node: all steps held".
import assert from "node:assert/strict";
import * as k8s from "@kubernetes/client-node";

const namespace = process.argv[2];
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);

const step = (text) => console.log(`client-node: ${text}`);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, condition, timeoutMs = 20000) {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    assert(Date.now() < deadline, `not within ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}

async function list() {
  const nodes = await core.listNode();
  assert.equal(nodes.items.length, 1);
  const namespaces = await core.listNamespace();
  assert(namespaces.items.some((one) => one.metadata.name === namespace));
  step(`lists ${nodes.items.length} node and ${namespaces.items.length} namespaces`);
}

async function informer() {
  const seen = { add: [], update: [], delete: [] };
  const errors = [];
  const listFunction = () => core.listNamespacedConfigMap({ namespace, labelSelector: "from=client-node" });
  const configMaps = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, listFunction, "from=client-node");
  for (const event of Object.keys(seen)) configMaps.on(event, (object) => seen[event].push(object.metadata.name));
  configMaps.on("error", (error) => errors.push(error));

  const body = (name) => ({ metadata: { name, labels: { from: "client-node" } }, data: { n: "1" } });
  await core.createNamespacedConfigMap({ namespace, body: body("before") });
  await configMaps.start();
  await until("the object from before the start is added", () => seen.add.includes("before"));

  await core.createNamespacedConfigMap({ namespace, body: body("during") });
  await until("a created object is added", () => seen.add.includes("during"));
  step("informer: adds what was there and what is created");

  const during = await core.readNamespacedConfigMap({ namespace, name: "during" });
  during.data.n = "2";
  await core.replaceNamespacedConfigMap({ namespace, name: "during", body: during });
  await until("a changed object is updated", () => seen.update.includes("during"));
  assert.equal(configMaps.get("during", namespace).data.n, "2");
  await core.deleteNamespacedConfigMap({ namespace, name: "during" });
  await until("a deleted object is removed", () => seen.delete.includes("during"));
  assert.equal(configMaps.list(namespace).length, 1);
  assert.deepEqual(errors, []);
  await configMaps.stop();
  step("informer: follows a change and a deletion");
}

async function errors() {
  await assert.rejects(core.readNamespacedConfigMap({ namespace, name: "nothing" }), (error) => error.code === 404);
  await assert.rejects(core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "Not A Name" } } }), (error) => error.code === 422);
  step("errors carry their codes");
}

async function deployment() {
  const name = "from-node";
  const labels = { app: name };
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "charon.local/nginx:1" }] } },
      },
    },
  });
  let ready = 0;
  const watch = new k8s.Watch(config);
  const request = await watch.watch(
    `/apis/apps/v1/namespaces/${namespace}/deployments`,
    { fieldSelector: `metadata.name=${name}` },
    (_, object) => { ready = object.status?.readyReplicas ?? 0; },
    () => {},
  );
  await until("the deployment is ready", () => ready === 1, 40000);
  request.abort();
  step("creates a deployment and watches it become ready");
  await apps.deleteNamespacedDeployment({ name, namespace });
}

await list();
await informer();
await errors();
await deployment();
step("all steps held");
process.exit(0);
