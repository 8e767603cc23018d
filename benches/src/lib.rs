//! Compares rata with its peers.
