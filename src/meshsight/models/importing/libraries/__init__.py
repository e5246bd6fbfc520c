"""Libraries whose published models come as a configuration with weights; what reads them needs the library itself."""
