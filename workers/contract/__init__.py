"""The contract for programs: JSON Schemas and AsyncAPI, made from the tables that the code runs on.

Pure: from models, types and topics to documents. Whoever writes a file is above.
"""
