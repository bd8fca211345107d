"""Circuits and scores in the files of other tools: the EAP-IG library's graphs and MIB's nine circuits."""
