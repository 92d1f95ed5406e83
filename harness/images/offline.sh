# To be sourced while an image is built: pip takes the wheels where there are any, and then asks no index.
if ls /wheels/*.whl >/dev/null 2>&1; then
    export PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
fi
