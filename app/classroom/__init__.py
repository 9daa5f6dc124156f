"""Class rooms: a teacher leads, learners follow, and what they answer is counted.

    browser ──WebSocket──▶ socket ──▶ hub ──▶ rooms (the interface) ◀── sqlite, redis
                                      hub ──▶ bus (the way to the hubs of other servers) ◀── alone, redis_bus

Pages know only ``app.components.classroom``, which is what of this is seen.
"""
