"""A session told afterwards: what the store holds of it, what that says in words and pictures, and who is who."""

from typing import Any, TypeAlias

Frame: TypeAlias = Any
"""A pandas DataFrame or Series. To a type checker indexing either gives a union of everything that it may be, so it is
left out of this; what a frame holds is said where it is made."""
