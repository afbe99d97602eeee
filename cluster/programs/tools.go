//go:build tools

// Package programs pins what `cluster build` compiles beside Kubernetes, on the same version of its
// libraries, so that most of them are compiled once.
package programs

import _ "helm.sh/helm/v3/cmd/helm"
