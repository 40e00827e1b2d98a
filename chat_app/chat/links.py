def preview(i: str) -> str:
    return f"/x/{i}"


def upload(i: str) -> str:
    return f"/x/{i}"
