#!/usr/bin/env bash
# `make demo-k8s`: the quickstart on Kubernetes, from nothing to its verdict. Brings up a cluster
# (tools/cluster.sh), builds the images, installs the chart, starts the demo shop and applies
# examples/quickstart. What this started is ended again; the report stays in results/.
set -eu -o pipefail
cd "$(dirname "$0")/.."
space=katydid-demo system=katydid-demo-system release=katydid-demo
results=results/quickstart-kubernetes
prefix=${KATYDID_IMAGE_PREFIX:-localhost} tag=${KATYDID_IMAGE_TAG:-dev}

say() { printf '\n== %s\n' "$*"; }
show() { printf '\n$ %s\n' "$*"; "$@"; }

clean() {
  say "Cleaning up"
  if [ -n "$owns_cluster" ]; then tools/cluster.sh down; return; fi
  kubectl delete namespace "$space" --ignore-not-found --timeout=120s || true
  helm uninstall "$release" --namespace "$system" --wait --ignore-not-found || true
  kubectl delete namespace "$system" --ignore-not-found --timeout=120s || true
  [ -n "$has_definition" ] || kubectl delete customresourcedefinition loadtests.katydid.dev --ignore-not-found || true
}

owns_cluster='' has_definition=''
if ! tools/cluster.sh running; then
  say "Bringing up a cluster (the first time it may have to be built: about 10 minutes)"
  owns_cluster=yes
  trap clean EXIT
  tools/cluster.sh up
fi
eval "$(tools/cluster.sh env)"
if kubectl get customresourcedefinition loadtests.katydid.dev >/dev/null 2>&1; then has_definition=yes; fi
if [ -n "$(helm list --all-namespaces --short --filter '^katydid$' 2>/dev/null)" ]; then
  echo "Katydid is installed in this cluster already, and two operators would get in each other's way." >&2
  exit 1
fi
trap clean EXIT

say "Building the images"
tools/images.sh

say "Installing the operator"
helm upgrade --install "$release" charts/katydid --namespace "$system" --create-namespace --wait --timeout 120s \
  --set "image.registry=,image.repository=$prefix/katydid-operator,image.tag=$tag" \
  --set "runnerImage.registry=,runnerImage.repository=$prefix/katydid-runner,runnerImage.tag=$tag" \
  ${has_definition:+--set crds.enabled=false} >/dev/null 2>&1 ||
  { kubectl --namespace "$system" describe pods; kubectl --namespace "$system" logs --selector app.kubernetes.io/name=katydid --tail=30; exit 1; }
show kubectl --namespace "$system" get pods

say "Opening the demo shop"
kubectl create namespace "$space"
kubectl --namespace "$space" apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: shop
          image: $prefix/katydid-runner:$tag
          imagePullPolicy: IfNotPresent
          args: [demo, --host, 0.0.0.0, --port, "8080"]
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /_demo/health, port: http}, periodSeconds: 1}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{name: http, port: 8080, targetPort: http}]
YAML
kubectl --namespace "$space" rollout status deployment/shop --timeout=60s

say "Applying examples/quickstart/loadtest.yaml, aimed at the shop's Service"
sed 's|host: http://shop.example:8080.*|serviceRef: {name: shop, port: 8080}|' examples/quickstart/loadtest.yaml |
  kubectl --namespace "$space" apply -f -

printf '\n$ kubectl get loadtests --watch\n'
kubectl --namespace "$space" get loadtests --watch &
watch=$!
kubectl --namespace "$space" wait loadtest/quickstart --for=condition=Finished --timeout=180s >/dev/null
kubectl --namespace "$space" wait loadtest/quickstart --for=jsonpath='{.status.results.artifacts}' --timeout=30s >/dev/null
kill "$watch"; wait "$watch" 2>/dev/null || true
show kubectl --namespace "$space" get loadtests,pods
show kubectl --namespace "$space" describe loadtest quickstart | sed -n '1,/^Name:/p;/^Status:/,$p'

rm -rf "$results"; mkdir -p "$results"
kubectl --namespace "$space" get configmap quickstart-results -o 'go-template={{index .binaryData "results.tar.gz"}}' |
  base64 -d | tar xz -C "$results"
say "The verdict: $(kubectl --namespace "$space" get loadtest quickstart -o jsonpath='{.status.verdict}: {.status.message}')"
echo "The report, as the cluster keeps it in the ConfigMap quickstart-results: $(find "$PWD/$results" -name report.html)"
kubectl --namespace "$space" wait loadtest/quickstart --for=condition=Succeeded --timeout=1s >/dev/null
