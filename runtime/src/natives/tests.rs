//! Natives called as the interpreter calls them, with a host that does nothing, under heap stress.
