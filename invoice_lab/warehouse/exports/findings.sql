select sha256, part, no, code, severity, field, message from findings
