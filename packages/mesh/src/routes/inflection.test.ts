import { describe, expect, it } from 'vitest';
import { isPlural, pluralOf, singularOf } from './inflection.ts';

const pairs = (
  'user/users order/orders address/addresses status/statuses person/people bus/buses case/cases leaf/leaves analysis/analyses ' +
  'alias/aliases category/categories child/children cookie/cookies movie/movies quiz/quizzes box/boxes hero/heroes photo/photos ' +
  'virus/viruses process/processes class/classes price/prices invoice/invoices device/devices license/licenses database/databases ' +
  'cache/caches branch/branches key/keys survey/surveys canvas/canvases campus/campuses bonus/bonuses basis/bases crisis/crises ' +
  'matrix/matrices index/indices schema/schemas inventory/inventories tax/taxes lens/lenses focus/focuses axis/axes bias/biases ' +
  'shelf/shelves knife/knives currency/currencies proxy/proxies api/apis url/urls id/ids cpu/cpus expense/expenses ' +
  'response/responses lease/leases phase/phases base/bases course/courses warehouse/warehouses archive/archives move/moves ' +
  'video/videos repo/repos hypothesis/hypotheses census/censuses exercise/exercises message/messages image/images badge/badges ' +
  'charge/charges file/files profile/profiles role/roles rule/rules vehicle/vehicles table/tables template/templates vote/votes ' +
  'quote/quotes route/routes site/sites rate/rates state/states date/dates candidate/candidates orderItem/orderItems ' +
  'metric/metrics setting/settings login/logins man/men foot/feet mouse/mice pen/pens ' +
  'orderStatus/orderStatuses tvSeries/tvSeries chatPerson/chatPeople'
).split(' ');
const unchanging =
  'news data series analytics media sms species staff metadata health equipment information dns css aws os feedback'.split(' ');

describe('singular and plural', () => {
  it.each(pairs.map((pair) => pair.split('/')))('%s and %s', (singular = '', plural = '') => {
    expect(pluralOf(singular)).toBe(plural);
    if (plural !== 'bases' && plural !== 'axes') expect(singularOf(plural)).toBe(singular);
    expect(singularOf(singular)).toBe(singular);
    expect(pluralOf(plural)).toBe(plural);
  });

  it.each(unchanging)('%s is one and many', (word) => {
    expect(pluralOf(word)).toBe(word);
    expect(singularOf(word)).toBe(word);
  });

  it.each(['orders', 'people', 'news', 'data', 'series', 'orderItems', 'statuses', 'analytics'])('%s is many', (word) => {
    expect(isPlural(word)).toBe(true);
  });

  it.each(['order', 'status', 'health', 'address', 'login', 'me', 'bus', 'sms', 'cancel', 'v1'])('%s is not many', (word) => {
    expect(isPlural(word)).toBe(false);
  });
});
