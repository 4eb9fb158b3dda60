"""The media engine on ffmpeg and PyAV, each run only as a confined process.

Reading order: `media` (the adapter: what happens to a source), `source` (facts -> what is accepted and how it will
be timed), `ladder` and `graph` (source -> the command), `cmaf`, `hls`, `dash` (segments -> verified -> text),
`pictures`, then `process`, `sandbox` and `launch` (how a process is confined). The `*_child` modules run on the other
side of the wall, as scripts: they import nothing of the application.
"""
