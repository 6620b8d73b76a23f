"""A web service whose route /text answers with the text of an image in a form, with FastAPI.

    pip install fastapi python-multipart uvicorn
    uvicorn --app-dir examples --port 8080 web:app
    curl -F image=@samples/label.png localhost:8080/text

OCR_URL is the server's address, localhost:8000 by default; several with commas share the images.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, UploadFile
from fastapi.responses import JSONResponse

from ocr_client import AsyncOcrClient, BadRequest, OcrError, ServerOverloaded, ServerTimeout

STATUSES = {BadRequest: 400, ServerOverloaded: 503, ServerTimeout: 504}
OTHER_STATUS = 502


@asynccontextmanager
async def with_client(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client for all requests: it keeps its connections."""
    async with AsyncOcrClient(os.environ.get("OCR_URL", "localhost:8000")) as app.state.ocr:
        yield


app = FastAPI(title="Text in images", lifespan=with_client)


@app.post("/text")
async def text(request: Request, image: UploadFile) -> dict[str, Any]:
    """The lines of an image, with their corners and confidences."""
    page = await request.app.state.ocr.read(await image.read())
    return dict(page.to_dict())


@app.exception_handler(OcrError)
async def failed(_: Request, error: OcrError) -> JSONResponse:
    """Tell the caller whose fault it was."""
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), OTHER_STATUS)
    return JSONResponse({"detail": str(error)}, status)
