"""Exchange with other programs: markers, labels, cue sheets, chapters, the older recipe.

In: text of theirs, or values of ours. Out: values of ours, or text of theirs. One module for each
format, all pure; `files` alone opens and writes files, and knows which format is which.
"""
