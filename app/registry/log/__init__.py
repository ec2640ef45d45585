"""The Merkle log that every act is sealed into, and the pen that writes."""
