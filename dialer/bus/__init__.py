"""What the dialer tells the world over MQTT: topics, messages, the client and the embedded broker."""
