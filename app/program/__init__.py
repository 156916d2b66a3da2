"""The program that is installed: its command line, its processes, the demo and embedded services."""
