"""YAML as Helm has it: one reader and one writer for everything that Helm reads or renders.

Helm reads YAML with sigs.k8s.io/yaml: YAML 1.1 by Go's rules, turned into JSON. `reading` follows these rules, so that
a document means here what it means to Helm; `writing` makes documents that both take for what was written.
"""
