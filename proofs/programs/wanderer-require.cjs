// The CommonJS kind: everything by `require`.
const { observability, withSpan } = require('@express-micro/observability');
const express = require('express');
const expressMicro = require('express-micro');
const { wander } = require('./wanderer.cjs');

wander({ express, expressMicro, observability, withSpan });
