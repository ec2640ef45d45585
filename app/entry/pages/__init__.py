"""Pages for people, in Thai and English: a way in that asks the API as any caller would."""
