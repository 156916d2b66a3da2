"""YAML as Helm reads it: one parser and one writer for everything that Helm reads or renders.

Helm reads YAML with sigs.k8s.io/yaml: YAML 1.1 by Go's rules, converted to JSON. `reading` follows these rules, so that
a document means the same here and in Helm. `writing` produces documents that both read as what was written.
"""
