//! What will happen: hit ratios, ages and loads, computed before anything is built.
