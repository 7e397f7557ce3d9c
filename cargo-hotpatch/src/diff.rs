//! What differs between the objects that run and the objects that were just compiled. Pure: bytes in, differences out.
