"""Reads every call in a folder with the grammar of its language, and names those that have a mistake."""

import importlib
import pathlib
import sys

import tree_sitter

GRAMMARS = {
    "go-redis": ("tree_sitter_go", "language"),
    "jedis": ("tree_sitter_java", "language"),
    "lettuce": ("tree_sitter_java", "language"),
    "stackexchange.redis": ("tree_sitter_c_sharp", "language"),
    "redis-rs": ("tree_sitter_rust", "language"),
    "phpredis": ("tree_sitter_php", "language_php"),
    "redis-rb": ("tree_sitter_ruby", "language"),
}

wrong = 0
count = 0
for client, (module, name) in GRAMMARS.items():
    language = tree_sitter.Language(getattr(importlib.import_module(module), name)())
    parser = tree_sitter.Parser(language)
    for path in sorted(pathlib.Path(sys.argv[1]).glob(f"*.{client}")):
        count += 1
        if parser.parse(path.read_bytes()).root_node.has_error:
            wrong += 1
            print(f"{path.name}: a mistake")
print(f"{count} files, {wrong} with a mistake")
sys.exit(wrong > 0)
