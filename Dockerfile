# A saved model as a service: `pip wheel . --no-deps --wheel-dir dist && docker build -t textrnn .`, and then
# `docker run -p 8501:8501 textrnn`; another model: `docker run -v $PWD/models:/models textrnn textrnn serve /models/mine
# --host 0.0.0.0`. tests/test_service.py runs the steps without Docker.
FROM python:3.13-slim
WORKDIR /service
COPY dist/*.whl /service/
RUN pip install --no-cache-dir --no-compile "$(ls /service/*.whl)[serve]" && rm /service/*.whl
USER nobody
EXPOSE 8501
CMD ["textrnn", "serve", "headlines-textrnn", "--host", "0.0.0.0"]
