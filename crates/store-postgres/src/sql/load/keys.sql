SELECT {request_key k} FROM unnest($key_namespaces, $key_names) u(namespace, key)
    JOIN request_key k ON k.namespace = u.namespace AND k.key = u.key
UNION ALL SELECT {execution e} FROM unnest($key_namespaces, $key_names) u(namespace, key)
    JOIN request_key k ON k.namespace = u.namespace AND k.key = u.key JOIN execution e ON e.id = k.target
UNION ALL SELECT {seen k.target} FROM unnest($key_namespaces, $key_names) u(namespace, key)
    JOIN request_key k ON k.namespace = u.namespace AND k.key = u.key
UNION ALL SELECT {run r} FROM unnest($key_namespaces, $key_names) u(namespace, key)
    JOIN request_key k ON k.namespace = u.namespace AND k.key = u.key JOIN run r ON r.id = k.target
