"""A trace, a CSV file of one signal, judged by one rule: ``stagewatch judge TRACE.csv``."""
