# The project's webhook bodies as bytes of the program: see corpus.h. They cost memory only once they are read.
        .section .rodata
        .global playhead_default_corpus, playhead_default_corpus_end
playhead_default_corpus:
        .incbin "tests/data/meta_webhooks.ndjson"
playhead_default_corpus_end:
        .byte 0
        .section .note.GNU-stack, "", @progbits
