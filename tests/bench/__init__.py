"""`python -m tests.bench [NAME ...]`: what the program does in a second, beside what this machine could do at best.

Each bench measures its own limit in the same run, on the same servers, in turns with the program: machines are shared and
noisy, and only the ratio says something. docs/performance.md tells what each one does.
"""
